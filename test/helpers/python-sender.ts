import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { encodeFrame } from '../../engine/protocol/frame-encoder.ts';
import type { Header } from '../../engine/protocol/header.ts';

/** What Python's API is to a connector's send socket: it writes frames, as fast as they are read, and hears nothing. */
export class PythonSender {
  readonly socket: net.Socket;
  /** Frames that have left this process: of each Python's program has been told that it was sent. */
  written = 0;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('error', () => socket.destroy());
    // Nothing is ever said to it; reading only shows that the other side has ended.
    socket.resume();
  }

  static async connect(t: TestContext, path: string): Promise<PythonSender> {
    const socket = net.connect(path);
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    return new PythonSender(socket);
  }

  /** Resolves when it has left: a full socket holds the program, as `drain` does in Python. */
  async send(header: Header, data: string | Buffer): Promise<void> {
    const frame = encodeFrame({ header, data: Buffer.from(data) });
    await new Promise<void>((resolve, reject) =>
      this.socket.write(frame, (error) => (error ? reject(error) : resolve())),
    );
    this.written += 1;
  }

  async sendNumbers(header: Header, { first = 0, count }: { first?: number; count: number }): Promise<void> {
    for (let number = first; number < first + count; number += 1) await this.send(header, String(number));
  }

  /** It has nothing more to say, and goes. */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => this.socket.end(resolve));
  }
}
