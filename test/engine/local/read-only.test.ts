import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import type { Command, CommandResult } from '../../../engine/contract/commands.ts';
import { CONTRACT_VERSION } from '../../../engine/contract/engine-api.ts';
import type { EngineReply, Request } from '../../../engine/contract/engine-rpc.ts';
import { COMMAND } from '../../../engine/contract/request-schema.ts';
import { AttachSession } from '../../../engine/local/native/attach-session.ts';
import { encodePacket, jsonBody, PacketReader } from '../../../engine/local/native/packets.ts';
import type { TrafficLog } from '../../../engine/peers/traffic-log.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { FakeEngine } from '../../helpers/fake-engine.ts';
import { SAMPLE_COMMANDS } from '../../helpers/sample-commands.ts';
import { busyEngine } from '../../helpers/sample-data.ts';

/** The kinds that the connector takes from an attached screen, from the schema itself. */
const KINDS: readonly string[] = COMMAND.options.flatMap(({ shape: { kind } }) =>
  'options' in kind ? kind.options : [...kind.values],
);

class Screen {
  readonly engine = new FakeEngine(busyEngine());
  readonly session: AttachSession;
  readonly #output = new PassThrough();
  readonly #reader = new PacketReader();

  constructor(hello: Partial<Request>) {
    this.session = new AttachSession({
      socket: this.#output as unknown as Socket,
      engine: this.engine,
      clock: new FakeClock(0),
      log: { event: () => undefined } as unknown as TrafficLog,
      version: '0',
    });
    this.#push('hello', { protocol: 1 });
    this.ask({ kind: 'hello', version: CONTRACT_VERSION, ...hello } as Request);
  }

  ask(request: Request): void {
    this.#push('engineRequest', { ...request });
  }

  async replies(): Promise<readonly EngineReply[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const bytes = this.#output.read();
    if (bytes !== null) this.#reader.push(bytes);
    const replies: EngineReply[] = [];
    for (let packet = this.#reader.next(); packet !== undefined; packet = this.#reader.next())
      if (packet.kind === 'engineReply') replies.push(JSON.parse(packet.body.toString()));
    return replies;
  }

  async answerTo(command: Command): Promise<CommandResult> {
    this.ask({ kind: 'execute', callId: 1, command });
    const answer = (await this.replies()).find(({ kind }) => kind === 'answer');
    assert.ok(answer?.kind === 'answer', command.kind);
    return answer.value as CommandResult;
  }

  #push(kind: 'hello' | 'engineRequest', body: Readonly<Record<string, unknown>>): void {
    this.session.push(Buffer.concat(encodePacket({ kind, number: 0, body: jsonBody(body) })));
  }
}

test('a read-only screen runs no command, of every kind that the connector takes', async () => {
  assert.deepEqual([...KINDS].sort(), Object.keys(SAMPLE_COMMANDS).sort());
  const screen = new Screen({ readOnly: true } as Partial<Request>);
  for (const command of Object.values(SAMPLE_COMMANDS)) {
    const answer = await screen.answerTo(command);
    assert.ok(!answer.ok && answer.code === 'AIOC_READ_ONLY', command.kind);
  }
  assert.deepEqual(screen.engine.executed, []);
});

test('another hello does not lift it, and neither does the end of the connection', async () => {
  const screen = new Screen({ readOnly: true } as Partial<Request>);
  screen.ask({ kind: 'hello', version: CONTRACT_VERSION, readOnly: false });
  const shell = { running: true, lines: [], droppedLines: 0 };
  const answer = await screen.answerTo({
    kind: 'chat.local',
    peer: 'p1',
    row: { key: 'k', text: '$ ls', shell },
  });
  assert.ok(!answer.ok && answer.code === 'AIOC_READ_ONLY');
  // The commands that a screen shows are marked as ended when it goes: only those that were shown.
  screen.session.end();
  assert.deepEqual(screen.engine.executed, []);
});

test('a read-only screen sees what every screen sees, and that it is read-only', async () => {
  for (const readOnly of [false, true]) {
    const screen = new Screen({ readOnly } as Partial<Request>);
    screen.ask({ kind: 'open', viewId: 1, view: { pane: 'status' } });
    screen.ask({ kind: 'open', viewId: 2, view: { pane: 'log', filter: '', rows: 100 } });
    screen.ask({ kind: 'query', callId: 3, logId: 1 });
    const [, status, log, body] = await screen.replies();
    assert.ok(status?.kind === 'update' && status.update.pane === 'status');
    assert.equal(status.update.status.isReadOnly, readOnly);
    assert.ok(log?.kind === 'update' && log.update.pane === 'log' && log.update.total > 0);
    assert.ok(body?.kind === 'answer' && body.value !== undefined);
  }
  assert.ok(KINDS.length < LIMITS.screenCalls);
});
