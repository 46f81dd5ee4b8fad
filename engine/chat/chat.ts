import { basename } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Ports } from '../base/ports.ts';
import type { ExecState } from '../contract/exec-state.ts';
import type { Phase } from '../contract/views.ts';
import type { ReceivedFolder } from '../files/received-folder.ts';
import type { TransferTargets } from '../files/transfer-targets.ts';
import { DISCARDED_FILE, type Disposition, type FileSink, wrapSink } from '../peers/file-sink.ts';
import type { Peer } from '../peers/peer.ts';
import type { Traffic } from '../peers/traffic.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { Application } from '../peers/traffic-types.ts';
import { framesOf } from '../protocol/batched-messages.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { JsonObject } from '../protocol/header.ts';
import { transportIdOf } from '../protocol/message-number.ts';
import type { InboxArrival } from '../queues/inbox-arrival.ts';
import type { CheckedBatch } from '../queues/message-batch.ts';
import type { DeliveryState } from '../queues/outbox-batch.ts';
import { Conversation } from './conversation.ts';
import { answerHeader, type FileAnswer, readFileAnswer } from './file-answer.ts';
import type { KeptConversation } from './kept/kept-conversation.ts';
import { ObservedLines } from './observed-lines.ts';
import { type ExecOptions, PeerCommands } from './peer-commands.ts';
import { CHAT_TYPE, ReceivedTransfers } from './received-transfers.ts';
import { receiveFile } from './receiving.ts';
import { shownData, shownText } from './shown-text.ts';
import { Transfer } from './transfers.ts';
import { Upload } from './upload.ts';

export interface ChatOptions {
  readonly ports: Ports;
  readonly folder: ReceivedFolder;
  /** For files of aioc peers. */
  readonly targets: Pick<TransferTargets, 'open' | 'discard' | 'partialOf'>;
  readonly temporaryDirectory: string;
  readonly ownName: string;
  readonly log: TrafficLog;
  readonly onChange: () => void;
  /** Absent: peers run nothing here. */
  readonly exec?: ExecOptions;
  /** The conversation of a peer, if it is kept for the next start. */
  readonly keptOf?: ((peer: Peer) => KeptConversation | undefined) | undefined;
}

/** The chat: lines and files of the type `any`, with one conversation per peer (PROTOCOL §10). */
export class Chat implements Application {
  readonly #options: ChatOptions;
  readonly #conversations = new Map<string, Conversation>();
  /** By peer: the row that says why it could not be connected; later attempts change that row. */
  readonly #failures = new Map<string, number>();
  readonly #uploads = new Set<Upload>();
  readonly #observed = new ObservedLines((...those) => this.#showObserved(...those));
  readonly files: ReceivedTransfers;
  readonly #commands: PeerCommands | undefined;
  #traffic: Traffic | undefined;
  #lastRequestId: number;

  constructor(options: ChatOptions) {
    this.#options = options;
    this.files = new ReceivedTransfers({
      clock: options.ports.clock,
      targets: options.targets,
      conversation: (peer) => this.conversation(peer.id),
      stop: (peer, id, reason) => this.#send.files.cancel(peer, id, reason),
    });
    const { exec, log, onChange } = options;
    this.#commands =
      exec &&
      new PeerCommands({
        ...exec,
        ...{ clock: options.ports.clock, onChange },
        say: (peer, text) => this.say(peer, text),
        remark: (peer, text) => {
          this.conversation(peer.id).add({ from: 'here', author: '', text, tone: 'info' });
          log.event(text, { peerName: peer.name });
        },
      });
    // Requests of an earlier run may still be answered, so ids start at a random number.
    this.#lastRequestId = Math.floor(options.ports.random.fraction() * 1_000_000);
  }

  /** Sets the traffic, which itself needs this application first. */
  connect(traffic: Traffic): void {
    this.#traffic = traffic;
  }

  get transfersInFlight(): number {
    return (
      [...this.#uploads].filter(({ transfer }) => transfer.inFlight).length +
      this.#receiving +
      this.files.inFlight
    );
  }

  #receiving = 0;

  get execState(): { readonly exec?: ExecState } {
    return this.#commands === undefined ? {} : { exec: this.#commands.state };
  }

  /** @throws AiocError AIOC_USAGE without --exec */
  get commands(): PeerCommands {
    if (this.#commands === undefined)
      throw new AiocError('AIOC_USAGE', 'peers run nothing here: this chat was started without --exec');
    return this.#commands;
  }

  /** The conversation with a peer; the one with '' holds remarks while no peer is connected. */
  conversation(peerId: string): Conversation {
    let conversation = this.#conversations.get(peerId);
    if (conversation === undefined) {
      conversation = new Conversation({ clock: this.#options.ports.clock, onChange: this.#options.onChange });
      this.#conversations.set(peerId, conversation);
    }
    return conversation;
  }

  /** Deletes a conversation that is no longer shown. */
  forget(peer: Peer): void {
    this.#conversations.delete(peer.id);
    this.#failures.delete(peer.id);
    this.files.forget(peer);
  }

  messages(peer: Peer, batch: CheckedBatch, { logId = 0, source }: InboxArrival): Disposition {
    const id = source === undefined ? undefined : transportIdOf(source);
    if (batch.count === 1 && id !== undefined && this.#takeFile(peer, batch, { id, logId })) return 'taken';
    const disposition = this.#isForChat(peer, batch) ? 'taken' : 'dropped';
    if (source !== undefined) {
      const last = { epoch: source.epoch, seq: source.seq + batch.count - 1 };
      this.#options.keptOf?.(peer)?.received(last);
    }
    this.#options.log.settle(logId, disposition, { count: batch.count });
    return disposition;
  }

  #isForChat(peer: Peer, { shared, records }: CheckedBatch): boolean {
    const type = shared.message_type;
    if (!this.#isChatType(peer, type)) return false;
    for (const frame of framesOf(shared, records)) this.#take(peer, frame);
    return true;
  }

  #isChatType(peer: Peer, type: string): boolean {
    if (type === CHAT_TYPE) return true;
    const text = `a message of type ${type} was dropped: this chat receives no messages of that type`;
    this.#options.log.event(text, { peerName: peer.name, warning: true, repeats: 'type not taken' });
    return false;
  }

  /** The message of a file that has crossed. @returns false for any other message */
  #takeFile(peer: Peer, batch: CheckedBatch, { id, logId }: { id: string; logId: number }): boolean {
    for (const frame of framesOf(batch.shared, batch.records)) {
      const withFile = frame.header['with_file'] as JsonObject | undefined;
      const answer = withFile && this.files.taken(peer, id, withFile);
      if (answer === undefined) return false;
      this.#settle(logId, answer);
      this.#answerFile(peer, frame, answer);
    }
    return true;
  }

  #settle(logId: number, answer: FileAnswer): void {
    if ('refused' in answer) this.#options.log.settle(logId, 'refused', { why: answer.refused });
    else this.#options.log.settle(logId, 'taken');
  }

  #take(peer: Peer, frame: Frame): void {
    const { header, data } = frame;
    if (header['response_id'] !== undefined && this.#answered(peer, frame)) return;
    // Empty frames from Python are retries without content (PROTOCOL §2), not lines.
    if (data.length > 0) this.#showLine(peer, data);
    if (header['response_id'] === undefined) this.#commands?.take(peer, data);
    if (header['await_response'] === true) this.#answer(peer, frame);
  }

  /** Shows messages that a local program receives, on the screen of its connector. */
  observe(peer: Peer, batch: CheckedBatch): void {
    if (batch.shared.message_type === CHAT_TYPE) this.#observed.add(peer, batch);
  }

  async file(peer: Peer, frame: Frame, sizeBytes: number, { logId = 0 }: InboxArrival): Promise<FileSink> {
    if (!this.#isChatType(peer, frame.header.message_type)) {
      this.#options.log.settle(logId, 'dropped');
      return wrapSink(DISCARDED_FILE, { deliver: () => 'dropped' });
    }
    this.#receiving += 1;
    const sink = await receiveFile({
      peer,
      frame,
      sizeBytes,
      conversation: this.conversation(peer.id),
      folder: this.#options.folder,
      clock: this.#options.ports.clock,
      onAnswer: (answer) => {
        this.#receiving -= 1;
        this.#settle(logId, answer);
        this.#answerFile(peer, frame, answer);
      },
    });
    return wrapSink(sink, {
      deliver: () => sink.deliver(),
      abort: () => {
        this.#receiving -= 1;
        sink.abort();
        this.#options.onChange();
      },
    });
  }

  /** Says why this side could not connect to its server: in one row until it is connected, however often it tries. */
  remarkOn(phase: Phase, peer: Peer | undefined): void {
    if (peer === undefined || (phase.kind !== 'retrying' && phase.kind !== 'refused')) return;
    const attempt = phase.kind === 'retrying' ? phase.attempt : undefined;
    const conversation = this.conversation(peer.id);
    // Before the first row, the pane itself says so.
    if (conversation.length === 0) return;
    const next = attempt === undefined ? 'r asks again' : `try ${attempt}; r tries now`;
    const text = `${peer.name} is not connected: ${phase.reason} (${next})`;
    const row = this.#failures.get(peer.id);
    if (row !== undefined && conversation.get(row) !== undefined) return conversation.change(row, { text });
    this.#failures.set(peer.id, conversation.add({ from: 'here', author: '', text, tone: 'bad' }));
  }

  connected(peer: Peer): void {
    this.#failures.delete(peer.id);
    this.conversation(peer.id).add({
      from: 'here',
      author: '',
      text: `${peer.name} is connected${otherName(peer)}`,
      tone: 'good',
    });
  }

  disconnected(peer: Peer, reason: string): void {
    for (const upload of [...this.#uploads]) if (upload.peer === peer) upload.disconnected();
    this.#commands?.disconnected(peer);
    this.conversation(peer.id).add({
      from: 'here',
      author: '',
      text: `${peer.name} is away: ${reason}`,
      tone: 'info',
    });
  }

  /**
   * Sends a line, or queues it until the peer is connected.
   *
   * @throws AiocError AIOC_FRAME_TOO_LARGE, AIOC_IGNORED, AIOC_QUEUE_FULL
   */
  async say(peer: Peer, text: string): Promise<void> {
    const data = Buffer.from(text);
    if (data.length > LIMITS.chatSendBytes) {
      throw new AiocError(
        'AIOC_FRAME_TOO_LARGE',
        `a line of ${data.length} bytes is too long for the chat: send it as a file with !upload`,
      );
    }
    const conversation = this.conversation(peer.id);
    const row = conversation.add({
      from: 'me',
      author: this.#options.ownName,
      text: shownText(text),
      mark: 'waiting',
    });
    const onState = (mark: DeliveryState): void => conversation.change(row, { mark });
    try {
      await this.#send.send(peer, { header: { message_type: CHAT_TYPE }, data, onState });
    } catch (error) {
      conversation.change(row, { mark: (error as AiocError).code === 'AIOC_IGNORED' ? 'dropped' : 'failed' });
      throw error;
    }
  }

  /**
   * Starts to send a file or directory; its progress is shown in the conversation.
   *
   * @returns a promise of the transfer in its final state
   * @throws AiocError AIOC_QUEUE_FULL if too many are in progress
   */
  async upload(peer: Peer, path: string): Promise<Transfer> {
    if (this.#uploads.size >= LIMITS.transfersQueued) {
      throw new AiocError(
        'AIOC_QUEUE_FULL',
        `${this.#uploads.size} files are already in progress: wait for one to finish`,
      );
    }
    const { ports, temporaryDirectory, ownName, onChange } = this.#options;
    const conversation = this.conversation(peer.id);
    const transfer = new Transfer({
      conversation,
      clock: ports.clock,
      from: 'me',
      author: ownName,
      // Not the whole path, so that an error fits beside it.
      name: basename(path) || path,
      totalBytes: 0,
    });
    this.#lastRequestId += 1;
    const ended = new Promise<void>((resolve) => {
      const upload: Upload = new Upload({
        peer,
        path,
        transfer,
        traffic: this.#send,
        random: ports.random,
        requestId: this.#lastRequestId,
        temporaryDirectory,
        onEnd: () => {
          this.#uploads.delete(upload);
          onChange();
          resolve();
        },
      });
      this.#uploads.add(upload);
      void upload.start();
    });
    await ended;
    return transfer;
  }

  /** @returns false if there is no such transfer in progress */
  cancel(peer: Peer, rowId: number): boolean {
    const upload = [...this.#uploads].find((one) => one.peer === peer && one.transfer.rowId === rowId);
    return upload?.cancel() ?? this.files.cancel(peer, rowId);
  }

  get #send(): Traffic {
    if (this.#traffic === undefined) throw new AiocError('AIOC_INTERNAL', 'the chat is not connected yet');
    return this.#traffic;
  }

  #showObserved(peer: Peer, lines: readonly Buffer[], omitted: number): void {
    for (const line of lines) this.#showLine(peer, line, LIMITS.chatObservedCharacters);
    if (omitted === 0) return;
    const text = `… ${omitted} more messages at the same moment: see the log`;
    this.conversation(peer.id).add({ from: 'here', author: '', text, tone: 'info' });
  }

  #showLine(peer: Peer, data: Buffer, maxCharacters: number = LIMITS.chatLineCharacters): void {
    const text = shownData(data, maxCharacters);
    this.conversation(peer.id).add({ from: 'peer', author: peer.name, text });
  }

  #answered(peer: Peer, frame: Frame): boolean {
    const upload = [...this.#uploads].find(
      (one) => one.peer === peer && one.requestId === frame.header['response_id'],
    );
    upload?.answered(readFileAnswer(frame));
    return upload !== undefined;
  }

  #answer(peer: Peer, frame: Frame, answer?: FileAnswer): void {
    peer.link?.send({
      header: {
        ...answerHeader(frame.header, peer.kind === 'aioc' ? answer : undefined),
        source_id: this.#send.sourceId,
        destination_id: peer.wireName,
      },
      data: frame.data,
    });
  }

  #answerFile(peer: Peer, frame: Frame, answer: FileAnswer): void {
    // A text from Python is a line of its own; "Receiving …" repeats the transfer's row.
    const text = frame.data.toString();
    if (text !== '' && !text.startsWith('Receiving ')) this.#showLine(peer, frame.data);
    if (frame.header['await_response'] === true) this.#answer(peer, frame, answer);
    // Python has no refusal, so the user there receives a line of text.
    if ('refused' in answer && peer.kind !== 'aioc') this.#sendRefusal(peer, answer.refused);
    this.#options.onChange();
  }

  #sendRefusal(peer: Peer, reason: string): void {
    const data = Buffer.from(`The file was not saved: ${reason}`);
    peer.link?.send({
      header: { message_type: CHAT_TYPE, source_id: this.#send.sourceId, destination_id: peer.wireName },
      data,
    });
  }
}

/** The name in a certificate is that of its first start: a question before the first connection knows no other one. */
function otherName({ name, certificate, kind }: Peer): string {
  const claimed = certificate?.claimedName;
  const isOther = kind === 'aioc' && claimed !== undefined && claimed !== name.replace(/ \(\d+\)$/, '');
  return isOther ? ` (the name in its certificate is ${claimed})` : '';
}
