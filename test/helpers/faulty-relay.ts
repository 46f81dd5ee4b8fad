import { once } from 'node:events';
import net from 'node:net';

interface Pair {
  readonly near: net.Socket;
  readonly far: net.Socket;
}

/** A TCP relay in front of a server, through which a link can be cut, stalled or swallowed. */
export class FaultyRelay {
  readonly #server: net.Server;
  readonly #pairs = new Set<Pair>();
  #isStalled = false;
  #swallows = false;
  /** A connection is cut when so many more bytes have gone through it. */
  #cutAfterBytes = Number.POSITIVE_INFINITY;
  /** Called when a connection has been cut by `cutAfter`. */
  onCut: () => void = () => undefined;

  /** Called with the bytes of each piece that goes through, in either direction. */
  onForward: (bytes: number) => void = () => undefined;

  private constructor(targetPort: number) {
    this.#server = net.createServer((near) => this.#take(near, targetPort));
  }

  static async start(targetPort: number): Promise<FaultyRelay> {
    const relay = new FaultyRelay(targetPort);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Both sides are told at once. */
  cut(): void {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** The next connection that carries traffic ends behind that many bytes, most likely in the middle of a message. */
  cutAfter(bytes: number): void {
    this.#cutAfterBytes = bytes;
  }

  /** Nothing gets through until `heal`, and nobody is told; what was written meanwhile arrives then. */
  stall(): void {
    this.#isStalled = true;
    for (const { near, far } of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  /** As a stall, but what is written meanwhile is read and gone for ever: the connection is of no use any more. */
  swallow(): void {
    this.#swallows = true;
  }

  heal(): void {
    const wasSwallowing = this.#swallows;
    this.#isStalled = false;
    this.#swallows = false;
    if (wasSwallowing) return this.cut();
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #take(near: net.Socket, targetPort: number): void {
    const far = net.connect({ host: '127.0.0.1', port: targetPort });
    const pair = { near, far };
    this.#pairs.add(pair);
    this.#forward(near, far);
    this.#forward(far, near);
    const ended = (): void => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', () => socket.destroy()).once('close', ended);
    if (this.#isStalled) this.stall();
  }

  #forward(from: net.Socket, to: net.Socket): void {
    from.on('data', (chunk: Buffer) => {
      if (this.#swallows) return;
      this.#cutAfterBytes -= chunk.length;
      if (this.#cutAfterBytes < 0) {
        const kept = chunk.subarray(0, Math.max(0, chunk.length + this.#cutAfterBytes));
        this.#cutAfterBytes = Number.POSITIVE_INFINITY;
        to.write(kept, () => this.cut());
        this.onCut();
        return;
      }
      this.onForward(chunk.length);
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!this.#isStalled) from.resume();
    });
    from.on('end', () => to.end());
  }
}
