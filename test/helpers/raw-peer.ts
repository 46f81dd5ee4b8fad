import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import tls from 'node:tls';
import { realRandomness } from '../../engine/base/real-ports.ts';
import { framesOf, sharedOf } from '../../engine/protocol/batched-messages.ts';
import { type Frame, FrameDecoder } from '../../engine/protocol/frame-decoder.ts';
import { encodeFrame } from '../../engine/protocol/frame-encoder.ts';
import type { Header, JsonObject } from '../../engine/protocol/header.ts';
import { numberIn, transportIdOf } from '../../engine/protocol/message-number.ts';
import {
  type AiocHello,
  isPingRequest,
  pingAnswerFrame,
  probeAnswerFrame,
  probeFrame,
  readProbe,
} from '../../engine/protocol/messages.ts';
import { streamAckFrame } from '../../engine/protocol/stream-frames.ts';
import { makeDirectoryCertificate } from '../../engine/security/directory-certificates.ts';
import { ServerCertificates } from '../../engine/security/server-certificates.ts';
import type { ConfiguredSide, Mode } from './configured-connectors.ts';
import { waitFor } from './wait-for.ts';

const random = realRandomness();
const HELLO = { version: '0.0.0', instance: 'raw' };

export type IdentifiedPeerKind = 'python' | 'aioc';

/** A peer whose frames the test writes itself: it may say of itself what it likes. */
export class RawPeer {
  /** All that it was sent but pings, which it answers by itself; as Python also the answers to its own. */
  readonly frames: Frame[] = [];
  /** The files of those that had one, in order. */
  readonly files: Buffer[] = [];
  readonly #socket: net.Socket;
  readonly #peerKind: IdentifiedPeerKind;
  readonly #name: string;
  readonly #hello: AiocHello;
  #isClosed = false;
  #isProbed = false;

  constructor(
    socket: net.Socket,
    { peerKind, name, displayName = 'client1' }: Pick<RawClientOptions, 'peerKind' | 'name' | 'displayName'>,
  ) {
    this.#hello = { ...HELLO, name: displayName };
    this.#socket = socket;
    this.#peerKind = peerKind;
    this.#name = name;
    const decoder = new FrameDecoder();
    decoder.identified();
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#isClosed = true;
    });
    socket.on('data', (chunk: Buffer) => {
      decoder.push(chunk);
      for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
        if (event.kind === 'frame' || event.kind === 'file-begin') this.#take(event.frame);
        if (event.kind === 'file-begin') this.files.push(Buffer.alloc(0));
        if (event.kind === 'file-data')
          this.files.push(Buffer.concat([this.files.pop() ?? Buffer.alloc(0), event.bytes]));
      }
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether an aioc at the other end has been told that this is one, too, and knows what it has. */
  get isProbed(): boolean {
    return this.#isProbed;
  }

  /** @param header as it goes: a source_id is in it only where the test puts one */
  send(header: JsonObject, data = '', binary?: Buffer): void {
    const parts = { header: { message_type: 'any', ...header } as Header, data: Buffer.from(data) };
    const withBinary = binary && { binary, header: { ...parts.header, with_binary: true } };
    this.#socket.write(encodeFrame({ ...parts, ...withBinary }));
  }

  /** The first word of an aioc client. */
  probe(): void {
    this.#write(probeFrame({ hello: this.#hello, nonce: 'raw', sourceId: this.#name, destinationId: '' }));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(frame: Frame): void {
    const question = this.#peerKind === 'aioc' ? readProbe(frame) : undefined;
    if (question !== undefined) {
      this.#write(probeAnswerFrame({ hello: this.#hello, nonce: question.nonce, sourceId: this.#name }));
      this.#haveNothing();
    } else if (isPingRequest(frame)) this.#write(pingAnswerFrame(frame, this.#name));
    else if (this.#peerKind === 'aioc' && frame.header.message_type === '_ping') this.#haveNothing();
    else this.frames.push(...messagesIn(frame));
  }

  #haveNothing(): void {
    if (this.#peerKind !== 'aioc' || this.#isProbed) return;
    this.#isProbed = true;
    this.#write(streamAckFrame({ kind: 'have', positions: [] }, { sourceId: this.#name, withRanges: true }));
  }

  #write(frame: { readonly header: Header; readonly data: Buffer }): void {
    this.#socket.write(encodeFrame(frame));
  }
}

/** The messages of a batch as frames of their own, each with its number. */
function messagesIn(frame: Frame): readonly Frame[] {
  const { aioc_batch: count, transport_id: first } = frame.header;
  if (count === undefined) return [frame];
  const number = numberIn(first);
  return [...framesOf(sharedOf(frame.header), frame.data)].map((message, index) => ({
    ...message,
    header: {
      ...message.header,
      ...(number && {
        transport_id: transportIdOf({ ...number, seq: number.seq + index, after: undefined }),
      }),
    },
  }));
}

export interface RawClientOptions {
  readonly mode: Mode;
  readonly server: ConfiguredSide;
  /** The name of its session: in its handshake, or of its certificate. */
  readonly name: string;
  readonly peerKind: IdentifiedPeerKind;
  /** What it wants to be called, as aioc. */
  readonly displayName?: string;
}

/** A client of a configured server, let in under its name. */
export async function rawClient(t: TestContext, options: RawClientOptions): Promise<RawPeer> {
  const { mode, server, name } = options;
  const place = { host: '127.0.0.1', port: server.status().port };
  const socket =
    mode === 'plain'
      ? net.connect(place)
      : tls.connect({
          ...place,
          rejectUnauthorized: false,
          ...(mode === 'mutual-tls' && (await certified(server, name))),
        });
  t.after(() => socket.destroy());
  const peer = new RawPeer(socket, options);
  if (mode !== 'mutual-tls') {
    const type = mode === 'plain' ? '_handshake_no_ssl' : '_handshake_ssl';
    peer.send({ message_type: type, source_id: name }, 'hello');
  }
  if (options.peerKind === 'aioc') {
    peer.probe();
    await waitFor(() => peer.isProbed, { what: `${name} to be known as aioc` });
  }
  return peer;
}

/** A key, and the certificate for it that the server knows under this name. */
async function certified(server: ConfiguredSide, name: string): Promise<tls.ConnectionOptions> {
  const made = await makeDirectoryCertificate(name, { random, wallNowMs: Date.now() });
  const known = await ServerCertificates.open({ directory: server.directory, random, wallNow: Date.now });
  await known.accept(name, made.certificatePem);
  return { key: made.privateKeyPem, cert: made.certificatePem };
}

/** A server for one client, which is the test itself. `directory` has its certificate in mutual TLS. */
export async function rawServer(
  t: TestContext,
  {
    mode,
    directory,
    peerKind,
  }: { readonly mode: Mode; readonly directory: string; readonly peerKind: IdentifiedPeerKind },
): Promise<{ readonly port: number; readonly client: () => RawPeer | undefined }> {
  let client: RawPeer | undefined;
  const take = (socket: net.Socket): void => {
    t.after(() => socket.destroy());
    client = new RawPeer(socket, { peerKind, name: "('0.0.0.0', 1)" });
  };
  const server =
    mode === 'plain' ? net.createServer(take) : tls.createServer(await credentials(mode, directory), take);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as net.AddressInfo).port, client: () => client };
}

async function credentials(mode: Mode, directory: string): Promise<tls.TlsOptions> {
  if (mode === 'mutual-tls') {
    const file = (name: string): string =>
      readFileSync(join(directory, 'certificates/server/server-cert', name), 'utf8');
    return {
      key: file('server.key'),
      cert: file('server.pem'),
      requestCert: true,
      rejectUnauthorized: false,
    };
  }
  const made = await makeDirectoryCertificate('server', { random, wallNowMs: Date.now() });
  return { key: made.privateKeyPem, cert: made.certificatePem };
}
