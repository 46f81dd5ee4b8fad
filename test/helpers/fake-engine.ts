import type { Command, CommandResult } from '../../engine/contract/commands.ts';
import type { EngineApi, ViewSubscription } from '../../engine/contract/engine-api.ts';
import type { PeekAnswer, PeekQuestion } from '../../engine/contract/queue-peek.ts';
import type {
  Body,
  ChatRow,
  LogRow,
  PeerRow,
  QueueRow,
  Status,
  TransferRow,
  Update,
  View,
} from '../../engine/contract/views.ts';

/** What a fake engine has to show. Windows and filters are applied as the real one does. */
export interface FakeEngineData {
  status: Status;
  peers: PeerRow[];
  queues: QueueRow[];
  log: LogRow[];
  /** By peer id. */
  chats: Record<string, ChatRow[]>;
  bodies: Record<number, Body>;
}

/** An engine door without an engine: a test says what there is to see, and reads what was asked for. */
export class FakeEngine implements EngineApi {
  readonly executed: Command[] = [];
  /** Answers by kind of command; all others succeed with null. */
  readonly answers = new Map<Command['kind'], CommandResult>();
  readonly data: FakeEngineData;
  readonly #views = new Map<object, { view: View; onUpdate: (update: Update) => void }>();

  constructor(data: FakeEngineData) {
    this.data = data;
  }

  open(view: View, onUpdate: (update: Update) => void): ViewSubscription {
    const handle = {};
    const show = (next: View) => {
      this.#views.set(handle, { view: next, onUpdate });
      onUpdate(structuredClone(this.#updateOf(next)));
    };
    show(view);
    return { change: show, close: () => this.#views.delete(handle) };
  }

  async query(logId: number): Promise<Body | undefined> {
    return this.data.bodies[logId];
  }

  /** Change it in `change`. */
  transfers: readonly TransferRow[] = [];
  /** What queues have, by their ids. */
  readonly peeks = new Map<string, PeekAnswer>();
  readonly peeked: PeekQuestion[] = [];

  async peek(question: PeekQuestion): Promise<PeekAnswer> {
    this.peeked.push(question);
    return structuredClone(
      this.peeks.get(question.queue) ?? { fault: 'there is no such queue (any longer)' },
    );
  }

  async execute(command: Command): Promise<CommandResult> {
    this.executed.push(structuredClone(command));
    return this.answers.get(command.kind) ?? { ok: true, value: null };
  }

  /** Changes what there is to see, and tells all who look. */
  change(action: (data: FakeEngineData) => void): void {
    action(this.data);
    for (const { view, onUpdate } of this.#views.values()) onUpdate(structuredClone(this.#updateOf(view)));
  }

  setStatus(changes: Partial<Status>): void {
    this.change((data) => {
      data.status = { ...data.status, ...changes };
    });
  }

  get openViews(): readonly View[] {
    return [...this.#views.values()].map(({ view }) => view);
  }

  /** The commands of one kind that were executed. */
  commands<Kind extends Command['kind']>(kind: Kind): Extract<Command, { kind: Kind }>[] {
    return this.executed.filter(
      (command): command is Extract<Command, { kind: Kind }> => command.kind === kind,
    );
  }

  #updateOf(view: View): Update {
    const { data } = this;
    switch (view.pane) {
      case 'status':
        return { pane: 'status', status: { ...worstOf(data.queues), ...data.status } };
      case 'peers':
        return { pane: 'peers', ...windowOf(data.peers, view, ({ name }) => name) };
      case 'queues':
        return {
          pane: 'queues',
          ...windowOf(data.queues, view, ({ peerName, type }) => `${peerName} ${type}`),
        };
      case 'transfers':
        return { pane: 'transfers', ...windowOf(this.transfers, view, ({ name }) => name) };
      case 'log':
        return { pane: 'log', ...tailOf(data.log, view) };
      case 'chat':
        return { pane: 'chat', peer: view.peer, ...tailOf(data.chats[view.peer] ?? [], view) };
    }
  }
}

/** As the real engine names the worst of all queues. */
function worstOf(queues: readonly QueueRow[]): Pick<Status, 'worstQueue'> {
  const stuck = queues.flatMap((row) =>
    row.blocked === undefined ? [] : [{ ...row, blocked: row.blocked }],
  );
  const [worstQueue] = stuck.sort((a, b) => b.depth - a.depth);
  return worstQueue === undefined ? {} : { worstQueue };
}

function windowOf<Row>(
  rows: readonly Row[],
  view: { filter: string; offset: number; rows: number },
  textOf: (row: Row) => string,
) {
  const matching = rows.filter((row) => textOf(row).includes(view.filter));
  return {
    total: rows.length,
    matched: matching.length,
    offset: view.offset,
    rows: matching.slice(view.offset, view.offset + view.rows),
  };
}

function tailOf<Row extends { readonly id: number; readonly text: string }>(
  rows: readonly Row[],
  view: { filter: string; endId?: number; rows: number },
) {
  const matching = rows.filter(({ text }) => text.includes(view.filter));
  const upTo = matching.filter(({ id }) => view.endId === undefined || id <= view.endId);
  const shown = upTo.slice(-view.rows);
  return {
    total: rows.length,
    matched: matching.length,
    newer: matching.length - upTo.length,
    older: upTo.length - shown.length,
    forgotten: 0,
    rows: shown,
  };
}
