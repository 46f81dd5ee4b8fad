import net from 'node:net';

/** Below those that the system gives to connections that go out: such a one would not stay free until it is used. */
const FIRST_PORT = 12_000;
const LAST_PORT = 31_999;

/** A port of this machine on which nobody listens at the moment, and which no other test is likely to choose. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    if (await isFree(port)) return port;
  }
}

/** The first of so many ports in a row on which nobody listens at the moment. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await freePort();
    const rest = Array.from({ length: count - 1 }, (_, index) => isFree(first + 1 + index));
    if ((await Promise.all(rest)).every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
