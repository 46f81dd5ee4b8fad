import { AiocError, toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Timer } from '../base/ports.ts';
import type { Conversation } from '../chat/conversation.ts';
import { sayAgain } from '../chat/say-again.ts';
import type { Command, CommandResult, CommandValue } from '../contract/commands.ts';
import type { EngineApi, ViewSubscription } from '../contract/engine-api.ts';
import type { PeekAnswer, PeekQuestion } from '../contract/queue-peek.ts';
import type { Body, ChatRow, ListUpdate, ListWindow, TailUpdate, Update, View } from '../contract/views.ts';
import { importReceived } from '../files/import-file.ts';
import type { CommandSource } from '../local/connector-commands.ts';
import { afterDeletingClient, afterDeletingOwn } from './certificate-advice.ts';
import { usesOf } from './certificate-use.ts';
import type { CommandHandler } from './command-handler.ts';
import type { Connector } from './connector.ts';
import { type ListSource, listWindow, tailWindow } from './list-window.ts';
import { QueuePeeker } from './queue-peek.ts';
import type { FilteredRows } from './row-filter.ts';
import { transferListSource } from './transfer-list.ts';
import { ViewFilters } from './view-filters.ts';
import { peerList, peerRow, queueList, shownQueue } from './view-rows.ts';
import { ViewServer } from './view-server.ts';

/** The contract's EngineApi for one connector. */
export class EngineService implements EngineApi {
  readonly #connector: Connector;
  readonly #views: ViewServer;
  readonly #filters: ViewFilters;
  #pinging: Timer | undefined;

  constructor(connector: Connector) {
    this.#connector = connector;
    this.#filters = new ViewFilters(connector.log);
    this.#views = new ViewServer({
      clock: connector.options.ports.clock,
      render: (view) => {
        const update = this.#render(view);
        // Its filter tests the rest in the next turn.
        if ('isPartial' in update) this.#views.touch();
        return update;
      },
      onShown: (views) => {
        this.#filters.keep(views);
        this.#watchConversations(views);
        this.#watchLags(views.some(({ pane }) => pane === 'peers'));
      },
    });
    connector.onChange = () => this.#views.touch();
  }

  open(view: View, onUpdate: (update: Update) => void): ViewSubscription {
    return this.#views.open(view, onUpdate);
  }

  async query(logId: number): Promise<Body | undefined> {
    return this.#connector.log.body(logId);
  }

  async peek(question: PeekQuestion): Promise<PeekAnswer> {
    try {
      return await new QueuePeeker(this.#connector).peek(question);
    } catch (error) {
      return { fault: toAiocError(error).message };
    }
  }

  /** @param from the source of the command, for the log */
  async execute(command: Command, from: CommandSource = 'the screen'): Promise<CommandResult> {
    try {
      return { ok: true, value: (await this.#perform(command, this.#connector.control.from(from))) ?? null };
    } catch (error) {
      const { code, message } = toAiocError(error);
      return { ok: false, code, message };
    }
  }

  #render(view: View): Update {
    const { registry, chat, log, ignoring } = this.#connector;
    switch (view.pane) {
      case 'status':
        return { pane: 'status', status: this.#connector.status() };
      case 'peers': {
        const { security } = this.#connector.options;
        const uses = usesOf(security);
        const rows = [...registry.all].map((peer) =>
          peerRow(peer, {
            ...{ security: security.mode, uses, ignored: ignoring.includes(peer) },
            isKept: this.#connector.keeps(peer),
            hasEarlier: chat.conversation(peer.id).at(0)?.isEarlier === true,
            unread: chat.conversation(peer.id).unread,
          }),
        );
        return { pane: 'peers', ...this.#listWindow(peerList(rows), view) };
      }
      case 'queues':
        return this.#queues(view);
      case 'transfers': {
        const rows = this.#connector.transfers.rows();
        return { pane: 'transfers', ...this.#listWindow(transferListSource(rows), view) };
      }
      case 'log': {
        const found = this.#filters.inLog(view.filter);
        const source = {
          ...{ length: log.length, forgotten: log.forgotten, found },
          at: (index: number) => log.at(index),
        };
        return { pane: 'log', ...tailWindow(source, view) };
      }
      case 'chat': {
        const conversation = this.#conversation(view.peer);
        if (conversation === undefined) return { pane: 'chat', peer: view.peer, ...NOTHING_SAID };
        return { pane: 'chat', peer: view.peer, ...this.#said(conversation, view) };
      }
    }
  }

  #queues(view: Extract<View, { readonly pane: 'queues' }>): Update {
    const { rows, ...about } = this.#listWindow(queueList(this.#connector.overview.rows()), view);
    return { pane: 'queues', ...about, rows: rows.map(shownQueue) };
  }

  #listWindow<Row, Sort extends string>(
    source: ListSource<Row, Sort>,
    view: View & ListWindow<Sort>,
  ): ListUpdate<Row> {
    return listWindow(source, view, this.#filters.ofRows(view.pane, view.filter, source.filtered));
  }

  #said(conversation: Conversation, view: Extract<View, { readonly pane: 'chat' }>): TailUpdate<ChatRow> {
    const { length, forgotten } = conversation;
    const at = (index: number): ChatRow | undefined => conversation.at(index);
    if (view.filter.trim() === '') return tailWindow({ length, forgotten, at, found: undefined }, view);
    const rows = Array.from({ length }, (_, index) => at(index) as ChatRow);
    const filter = this.#filters.ofRows('chat', view.filter, CHAT_FILTERED);
    const passes = filter.test(rows);
    const isPartial = passes.length < rows.length;
    const indexes = rows.flatMap((_row, index) => (passes[index] === true ? [index] : []));
    return tailWindow({ length, forgotten, at, found: { indexes, fault: filter.fault, isPartial } }, view);
  }

  /** Of somebody who is known, or the one with nobody; asking for another must not make one. */
  #conversation(peer: string): Conversation | undefined {
    const { chat, registry } = this.#connector;
    return peer === '' || registry.get(peer) !== undefined ? chat.conversation(peer) : undefined;
  }

  #watchConversations(views: readonly View[]): void {
    const watched = new Set(
      views.flatMap((view) => (view.pane === 'chat' && view.endId === undefined ? [view.peer] : [])),
    );
    for (const { id } of this.#connector.registry.all)
      this.#connector.chat.conversation(id).watch(watched.has(id));
  }

  /** Peers to which nothing is sent have no acks to measure: they are pinged while somebody looks. */
  #watchLags(isShown: boolean): void {
    if (isShown && this.#pinging !== undefined) return;
    this.#pinging?.cancel();
    this.#pinging = isShown ? this.#pingLater() : undefined;
  }

  #pingLater(): Timer {
    const { registry, traffic, options } = this.#connector;
    return options.ports.clock.after(LIMITS.lagPingMs, () => {
      for (const peer of registry.all)
        if (peer.state === 'connected') traffic.ping(peer).catch(() => undefined);
      this.#pinging = this.#pingLater();
    });
  }

  async #perform(command: Command, control: CommandHandler): Promise<CommandValue | undefined> {
    const connector = this.#connector;
    const { chat, log, traffic, folder } = connector;
    switch (command.kind) {
      case 'newcomer.accept':
      case 'newcomer.refuse':
        return this.#answerNewcomer(command.joinRequest, command.kind === 'newcomer.accept');
      case 'peer.ignore':
        return control.ignorePeer(connector.peer(command.peer), command.on).then(() => null);
      case 'all.ignore':
        return control.ignoreAll(command.on).then(() => null);
      case 'peer.ping':
        return traffic.ping(connector.peer(command.peer));
      case 'peer.disconnect':
        return control.disconnect(connector.peer(command.peer)) ?? null;
      case 'certificate.delete':
        return this.#deleteCertificate(command.peer, control);
      case 'client.invite':
        return control.invite({ name: command.name, hours: command.hours }).then(({ code }) => code);
      case 'connector.start':
        return control.start().then(() => null);
      case 'connector.stop':
        return control.stop({ hard: command.hard, shutdown: false }).then(() => null);
      case 'connector.restart':
        return control.restart({ hard: command.hard, delayMs: 0 }).then(() => null);
      case 'dial.now':
        return control.again().then(() => null);
      case 'chat.say':
        return chat.say(connector.peer(command.peer), command.text).then(() => null);
      case 'chat.again':
        return sayAgain(chat, connector.peer(command.peer), command.row).then(() => null);
      case 'chat.upload': {
        const transfer = await chat.upload(connector.peer(command.peer), command.path);
        return transfer.state.phase;
      }
      case 'chat.cancel':
        return this.#cancel(command.peer, command.row);
      case 'chat.local':
        return this.#conversation(command.peer)?.showLocal(command.row) ?? null;
      case 'chat.read':
        return this.#conversation(command.peer)?.markRead() ?? null;
      case 'exec.answer':
        return this.#answerCommand(command.request, command.run);
      case 'exec.stop':
        return chat.commands.stop(connector.peer(command.peer)) ?? null;
      case 'files.list':
        return folder.list();
      case 'files.import': {
        const { name, directory = folder.directory, unzip } = command;
        return importReceived({ folder, name, directory, unzip, random: connector.options.ports.random });
      }
      case 'queue.purge':
        return control.purgeQueue(command.queue, command.upTo);
      case 'transfer.cancel':
        return control.cancelTransfer(command.id).then(({ name }) => name);
      case 'log.note':
        return log.event(command.text, { warning: command.warning }) ?? null;
    }
  }

  #answerNewcomer(id: number, accept: boolean): null {
    if (!this.#connector.admission.answer(id, accept)) {
      throw new AiocError('AIOC_PEER_UNKNOWN', 'that request has expired');
    }
    return null;
  }

  #answerCommand(request: number, run: boolean): null {
    if (!this.#connector.chat.commands.answer(request, run))
      throw new AiocError('AIOC_PEER_UNKNOWN', 'that command is no longer pending');
    return null;
  }

  async #deleteCertificate(id: string, control: CommandHandler): Promise<string> {
    const peer = this.#connector.peer(id);
    if (this.#connector.options.role === 'server') {
      await control.deleteCertificateOfClient(peer.wireName, { onlySymlink: false });
      return afterDeletingClient(peer.wireName);
    }
    await control.deleteOwnCertificate({ reconnect: true });
    return afterDeletingOwn();
  }

  #cancel(peerId: string, row: number): null {
    if (!this.#connector.chat.cancel(this.#connector.peer(peerId), row)) {
      throw new AiocError(
        'AIOC_FILE_MISSING',
        'that transfer cannot be cancelled: it has ended, or it comes from a Python peer',
      );
    }
    return null;
  }
}

const NOTHING_SAID = { total: 0, matched: 0, newer: 0, older: 0, forgotten: 0, rows: [] } as const;

const CHAT_FILTERED: FilteredRows<ChatRow> = {
  textOf: ({ author, text, transfer, shell }) =>
    `${author} ${text} ${transfer?.phase ?? ''} ${transfer?.detail ?? ''} ${shell?.lines.join('\n') ?? ''}`,
  fields: { peer: ({ author }) => author, dir: ({ from }) => (from === 'me' ? 'out' : 'in') },
};
