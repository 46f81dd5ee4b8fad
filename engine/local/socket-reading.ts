import net from 'node:net';

/** Takes the bytes of a socket. */
export interface SocketReader {
  /** Where the next bytes are to be read to, if they belong to something large; it is not used after `arrived`. */
  room(): Buffer | undefined;
  /** The first bytes of the room that was given last, or others, which the reader may keep. */
  arrived(bytes: Buffer): void;
}

/** Read to where no reader has room. All sockets share it: what it has is copied before the next read. */
const SHARED = Buffer.allocUnsafeSlow(64 * 1024);

/** What a socket has read before it had a reader, and its reader. */
class SocketReads {
  #reader: SocketReader | undefined;
  #early: Buffer[] = [];

  readonly onread: net.OnReadOpts = {
    buffer: () => this.#reader?.room() ?? SHARED,
    callback: (count, given) => {
      const bytes = given as Buffer;
      const read = bytes === SHARED ? Buffer.from(bytes.subarray(0, count)) : bytes.subarray(0, count);
      if (this.#reader === undefined) this.#early.push(read);
      else this.#reader.arrived(read);
      return true;
    },
  };

  set reader(reader: SocketReader) {
    this.#reader = reader;
    for (const bytes of this.#early.splice(0)) reader.arrived(bytes);
  }
}

const READINGS = new WeakMap<net.Socket, SocketReads>();

/**
 * Connects to a unix socket, as net.connect does, for `readWith`. Node would read each piece into a new buffer of 64 KiB: with
 * large messages, V8 would collect the whole heap again and again because of them, and each message would be copied together
 * from its pieces.
 */
export function connectReading(path: string): net.Socket {
  const reading = new SocketReads();
  return noted(net.connect({ path, onread: reading.onread }), reading);
}

/** The same for a connection that a server with `pauseOnConnect` has accepted: use the returned socket from then on. */
export function acceptReading(accepted: net.Socket): net.Socket {
  // A server cannot say how its sockets read, so another socket takes over what the system has accepted.
  const before = accepted as unknown as { _handle: unknown };
  const reading = new SocketReads();
  const options = { handle: before._handle, onread: reading.onread, readable: true, writable: true };
  before._handle = null;
  return noted(new net.Socket(options as net.SocketConstructorOpts), reading);
}

function noted(socket: net.Socket, reading: SocketReads): net.Socket {
  READINGS.set(socket, reading);
  return socket;
}

/** Gives all bytes of a socket to a reader. */
export function readWith(socket: net.Socket, reader: SocketReader): void {
  const reading = READINGS.get(socket);
  if (reading === undefined) socket.on('data', (bytes: Buffer) => reader.arrived(bytes));
  else reading.reader = reader;
  // It would not report its end otherwise.
  socket.resume();
}
