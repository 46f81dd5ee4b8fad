/** Reasons why sessions end, for people. */
import type { RefusalCode } from '../protocol/messages.ts';

export const STILL_AIOC = 'it was aioc before, and did not answer the probe in time';

export const TOO_SLOW = {
  hello: 'it did not start TLS in time',
  tls: 'it did not finish its TLS handshake in time',
  identity: 'it did not identify itself in time',
  enrolment: 'the certificate request was not answered in time',
};

export const UNLIKE_PYTHON = 'it sent an aioc frame without identifying itself as aioc';

export const REJECTIONS: Readonly<Record<RefusalCode, string>> = {
  'no-certificate': 'it received no certificate',
  'name-in-use': 'a client of this name is already connected, and answers',
  declined: 'rejected by the user here',
  'nobody-answered': 'the request was not answered here in time',
  'too-many-waiting': 'too many other requests are waiting',
  stopping: 'this connector is stopping',
};

export const PEER_REFUSALS: Readonly<Record<RefusalCode, string>> = {
  'no-certificate': 'the server issued no certificate',
  'name-in-use': 'another client of this name is connected to the server',
  declined: 'the server rejected this client',
  'nobody-answered': 'the request was not answered at the server in time',
  'too-many-waiting': 'too many other requests are waiting at the server',
  stopping: 'the server is stopping',
};
