import net from 'node:net';
import type { TestContext } from 'node:test';
import { LocalFrameReader } from '../../engine/local/local-frames.ts';

export interface PythonReceiver {
  /** What it has dealt with, in order. */
  readonly done: readonly string[];
  /** What it has been written, whatever it did with it. */
  readonly readBytes: number;
  /** Ends as a killed process does: its sockets are closed, and what was in them is gone. */
  kill(): Promise<void>;
}

/** A listener in Python, of which the callback is done with so many messages and then hangs, while its reader fills up. */
export async function pythonReceiver(
  t: TestContext,
  path: string,
  mostDone = Number.POSITIVE_INFINITY,
): Promise<PythonReceiver> {
  const done: string[] = [];
  const sockets = new Set<net.Socket>();
  let readBytes = 0;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const reader = new LocalFrameReader();
    socket.on('data', (chunk: Buffer) => {
      readBytes += chunk.length;
      reader.push(chunk);
      while (done.length < mostDone) {
        const event = reader.next();
        if (event === undefined) return;
        if (event.kind === 'frame') done.push(event.frame.data.toString());
      }
      // As asyncio: it stops reading when it holds more than twice its limit.
      if (reader.bufferedBytes > 128 * 1024) socket.pause();
    });
  });
  const kill = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    done,
    get readBytes() {
      return readBytes;
    },
    kill,
  };
}
