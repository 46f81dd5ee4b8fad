import type { TestContext } from 'node:test';
import type { ChatRow, PeerRow, Status, Update, View } from '../../engine/contract/views.ts';
import { type ChatEngineOptions, createChatEngine, type Engine } from '../../engine/index.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export interface RealSide {
  readonly engine: Engine;
  /** Its state and received files live below here. */
  readonly home: string;
  readonly received: string;
  status(): Status;
  peers(): readonly PeerRow[];
  chat(): readonly ChatRow[];
  /** Lines of the conversation with the first peer that came from it. */
  heard(): string[];
  do(command: Parameters<Engine['engine']['execute']>[0]): ReturnType<Engine['engine']['execute']>;
}

/** A real engine on real sockets of this machine, with a home of its own; stopped at the end of the test. */
export async function realSide(
  t: TestContext,
  options: Partial<ChatEngineOptions> & Pick<ChatEngineOptions, 'role'>,
): Promise<RealSide> {
  const home = tempDir(t);
  const received = `${home}/received`;
  const engine = await createChatEngine({
    host: '127.0.0.1',
    port: 0,
    displayName: options.role,
    version: '0.0.0',
    useTls: true,
    acceptAll: true,
    stateDirectory: `${home}/state`,
    receivedDirectory: received,
    ...options,
  });
  t.after(() => engine.stop());
  const look = (view: View): Update => {
    let seen: Update | undefined;
    engine.engine
      .open(view, (update) => {
        seen = update;
      })
      .close();
    return seen as Update;
  };
  const rows = (view: View): readonly unknown[] =>
    (look(view) as unknown as { rows: readonly unknown[] }).rows;
  const peers = (): readonly PeerRow[] =>
    rows({
      pane: 'peers',
      filter: '',
      sort: 'name',
      descending: false,
      offset: 0,
      rows: 100,
    }) as readonly PeerRow[];
  const chat = (): readonly ChatRow[] =>
    rows({ pane: 'chat', peer: peers()[0]?.id ?? '', filter: '', rows: 1000 }) as readonly ChatRow[];
  return {
    engine,
    home,
    received,
    peers,
    chat,
    status: () => (look({ pane: 'status' }) as { status: Status }).status,
    heard: () =>
      chat()
        .filter(({ from, transfer }) => from === 'peer' && transfer === undefined)
        .map(({ text }) => text),
    do: (command) => engine.engine.execute(command),
  };
}

/** A server and a client that have found each other. */
export async function realPair(
  t: TestContext,
  options: { readonly useTls?: boolean } = {},
): Promise<{ server: RealSide; client: RealSide; port: number }> {
  const server = await realSide(t, { role: 'server', ...options });
  await server.engine.start();
  const { port } = server.status();
  const client = await realSide(t, { role: 'client', port, ...options });
  await client.engine.start();
  await waitFor(() => client.peers()[0]?.kind === 'aioc' && server.peers()[0]?.kind === 'aioc', {
    what: 'the connection',
  });
  return { server, client, port };
}
