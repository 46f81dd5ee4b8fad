import type { Connection } from '../../engine/base/ports.ts';
import { dial } from '../../engine/peers/dial/dial.ts';
import { type Frame, FrameDecoder } from '../../engine/protocol/frame-decoder.ts';
import { encodeFrame } from '../../engine/protocol/frame-encoder.ts';
import type { Header } from '../../engine/protocol/header.ts';
import {
  ackFrame,
  acknowledgeable,
  isPingRequest,
  type OutFrame,
  pingAnswerFrame,
} from '../../engine/protocol/messages.ts';
import { PORT } from './simulated-connectors.ts';
import type { SimulatedWorld } from './simulated-world.ts';

const TLS = { certificatePem: '', privateKeyPem: '' };

/**
 * What of a Python connector in mutual TLS a peer notices (PROTOCOL §2): it begins with nothing, gives each ping back as
 * it came, acknowledges, and hears messages. Only its own `stop` ends it; it does not call again.
 */
export class SimulatedPython {
  /** What it has been sent, oldest first. */
  readonly heard: string[] = [];
  /** All frames that have come, by their types. */
  readonly types: string[] = [];
  #connection: Connection | undefined;
  #open = false;
  /** Said before the connection stood. */
  readonly #early: OutFrame[] = [];
  readonly #name: string;

  private constructor(name: string) {
    this.#name = name;
  }

  /** A client; its name is in the world's `certificateOfDialler`. */
  static call(world: SimulatedWorld, name: string): SimulatedPython {
    const python = new SimulatedPython(name);
    python.#listen(dial(world, { host: '127.0.0.1', port: PORT, tls: TLS }));
    return python;
  }

  static async serve({ network }: SimulatedWorld): Promise<SimulatedPython & AsyncDisposable> {
    const python = new SimulatedPython(`('127.0.0.1', ${PORT})`);
    const onConnection = (connection: Connection): void => python.#listen(connection);
    const listener = await network.listen({ host: '127.0.0.1', port: PORT, tls: TLS, onConnection });
    return Object.assign(python, { [Symbol.asyncDispose]: () => listener.close() });
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  say(text: string): void {
    this.#send({ header: { message_type: 'any', source_id: this.#name }, data: Buffer.from(text) });
  }

  stop(): void {
    this.#connection?.destroy();
  }

  #send(frame: OutFrame): void {
    if (!this.#open) {
      this.#early.push(frame);
      return;
    }
    const { header, data, binary } = frame;
    this.#connection?.write(encodeFrame({ header: header as Header, data, ...(binary && { binary }) }));
  }

  #listen(connection: Connection): void {
    const decoder = new FrameDecoder();
    decoder.identified();
    this.#connection = connection;
    connection.listen({
      onTcpOpen: () => undefined,
      onOpen: () => {
        this.#open = true;
        for (const frame of this.#early.splice(0)) this.#send(frame);
      },
      onDrain: () => undefined,
      onData: (chunk) => {
        decoder.push(chunk);
        for (let event = decoder.next(); event !== undefined; event = decoder.next())
          if (event.kind === 'frame') this.#take(event.frame);
      },
      onClose: () => {
        if (this.#connection !== connection) return;
        this.#connection = undefined;
        this.#open = false;
      },
    });
  }

  #take(frame: Frame): void {
    const type = frame.header.message_type;
    this.types.push(type);
    const transportId = acknowledgeable(frame);
    if (isPingRequest(frame)) this.#send(pingAnswerFrame(frame, this.#name));
    if (transportId !== undefined) this.#send(ackFrame({ transportId, sourceId: this.#name }));
    if (!type.startsWith('_')) this.heard.push(frame.data.toString());
  }
}
