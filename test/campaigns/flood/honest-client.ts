import net from 'node:net';
import tls from 'node:tls';
import { FrameDecoder } from '../../../engine/protocol/frame-decoder.ts';
import { frameWith } from '../../helpers/malformed-frames.ts';
import type { KeyAndCertificate } from '../fuzz/target.ts';

export interface HonestClient {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Absent: the server is without TLS. */
  readonly certificate: KeyAndCertificate | undefined;
}

const GIVES_UP_MS = 5_000;

/** Connects, sends a message, and waits until it is acknowledged: how long that took in ms, or endless if it failed. */
export function deliver({ name, address, port, certificate }: HonestClient): Promise<number> {
  const startedMs = performance.now();
  const place = { host: '127.0.0.1', port, localAddress: address };
  const socket =
    certificate === undefined
      ? net.connect(place)
      : tls.connect({ ...place, rejectUnauthorized: false, ...certificate } as tls.ConnectionOptions);
  if (certificate === undefined)
    socket.write(frameWith(`{"message_type": "_handshake_no_ssl", "source_id": "${name}"}`, 'hello'));
  socket.write(frameWith(`{"message_type": "any", "source_id": "${name}", "transport_id": 1}`, 'honest'));
  const decoder = new FrameDecoder();
  decoder.identified();
  return new Promise((resolve) => {
    const settle = (tookMs: number): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(tookMs);
    };
    const timer = setTimeout(settle, GIVES_UP_MS, Number.POSITIVE_INFINITY);
    socket.on('error', () => undefined);
    socket.once('close', () => settle(Number.POSITIVE_INFINITY));
    socket.on('data', (chunk: Buffer) => {
      decoder.push(chunk);
      for (let event = decoder.next(); event !== undefined; event = decoder.next())
        if (event.kind === 'frame' && event.frame.header.message_type === '_ack')
          settle(performance.now() - startedMs);
    });
  });
}
