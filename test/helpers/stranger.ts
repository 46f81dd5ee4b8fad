import type { Connection } from '../../engine/base/ports.ts';
import { type Frame, FrameDecoder } from '../../engine/protocol/frame-decoder.ts';

/** The other end of a connection in the hands of a test: what it is sent is decoded, what it sends is up to the test. */
export function receivedFrames(connection: Connection): {
  readonly connection: Connection;
  readonly frames: Frame[];
} {
  const decoder = new FrameDecoder();
  decoder.identified();
  const frames: Frame[] = [];
  connection.listen({
    onTcpOpen: () => undefined,
    onOpen: () => undefined,
    onDrain: () => undefined,
    onClose: () => undefined,
    onData: (chunk) => {
      decoder.push(chunk);
      for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
        if (event.kind === 'frame' || event.kind === 'file-begin') frames.push(event.frame);
      }
    },
  });
  return { connection, frames };
}
