/**
 * Many clients in one process: `clients-program.ts PORT FIRST COUNT DIRECTORY CERTIFICATES PAIRS`. Each is a connector of aioc's
 * library with a program on it, and has a directory of its own with a copy of the certificates.
 */
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectorAPI, ConnectorManager } from 'aioc';
import { beDriven } from './driven.ts';
import { nowMs, numbered } from './numbered.ts';
import { until } from './until.ts';

/** Connected at the same time. */
const AT_ONCE = 8;
const [port = '', first = '', count = '', directory = '', certificates = '', pairs = ''] =
  process.argv.slice(2);
const apis: ConnectorAPI[] = [];

async function connect(index: number): Promise<void> {
  const own = join(directory, `c${index}`);
  mkdirSync(own);
  cpSync(certificates, join(own, 'certificates'), { recursive: true });
  for (const file of [`client${index}.pem`, `client${index}.key`])
    copyFileSync(join(pairs, file), join(own, 'certificates/client/client-certs', file));
  const manager = new ConnectorManager({
    isServer: false,
    clientName: `client${index}`,
    serverSockaddr: ['127.0.0.1', Number(port)],
    certificatesDirectoryPath: own,
    connectorFilesDirpath: own,
    diskPersistenceSend: false,
    diskPersistenceRecv: false,
  });
  const connected = once(manager, 'connected');
  await manager.start();
  await connected;
  apis.push(manager.api());
}

async function start(): Promise<void> {
  const waiting = Array.from({ length: Number(count) }, (_, index) => Number(first) + index);
  const work = async (): Promise<void> => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) await connect(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

interface Sending {
  /** Of each client. */
  readonly bursts: number;
  /** Messages in each. */
  readonly burst: number;
  /** Of all clients together: each in turn. */
  readonly burstsPerSecond: number;
  readonly bytes: number;
}

async function send({ bursts, burst, burstsPerSecond, bytes }: Sending): Promise<void> {
  const startedAtMs = nowMs();
  const sent: Promise<unknown>[] = [];
  for (let turn = 0; turn < bursts * apis.length; turn += 1) {
    await until(startedAtMs + (1000 * turn) / burstsPerSecond);
    const api = apis[turn % apis.length] as ConnectorAPI;
    const from = burst * Math.floor(turn / apis.length);
    for (let number = from; number < from + burst; number += 1)
      sent.push(api.send({ messageType: 'any', data: numbered(number, bytes, nowMs()) }));
  }
  await Promise.all(sent);
}

beDriven({ start, send });
