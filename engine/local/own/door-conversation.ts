import type { Socket } from 'node:net';
import { toAiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Clock, Timer } from '../../base/ports.ts';
import { CONTRACT_VERSION, type EngineDoor } from '../../contract/door.ts';
import { type Port, type Reply, type Request, serveDoor } from '../../contract/door-port.ts';
import { checkedRequest } from '../../contract/door-request.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import { LOCAL_PROTOCOL } from './program.ts';
import { ShownCommands } from './shown-commands.ts';
import { UnitWriter } from './unit-writer.ts';
import { bodyAsJson, jsonBody, type Unit, UnitReader } from './units.ts';

export interface DoorConversationOptions {
  readonly socket: Socket;
  readonly door: EngineDoor;
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly version: string;
}

type UpdateReply = Extract<Reply, { readonly kind: 'update' }>;

/**
 * One attached screen. Each request is checked before it reaches the door, and a screen that does not read is given no
 * updates until it does: of each view only the newest is kept for it.
 */
export class DoorConversation {
  readonly #options: DoorConversationOptions;
  readonly #reader = new UnitReader(LIMITS.screenRequestBytes);
  readonly #writer: UnitWriter;
  readonly #closeViews: () => void;
  readonly #views = new Set<number>();
  readonly #commands = new ShownCommands();
  /** By the view's number: what could not be sent yet. */
  readonly #held = new Map<number, UpdateReply>();
  #ask: (request: Request) => void = () => undefined;
  #state: 'silent' | 'greeted' | 'of one version' | 'of another version' | 'ended' = 'silent';
  #unanswered = 0;
  #isPaused = false;
  #late: Timer | undefined;

  constructor(options: DoorConversationOptions) {
    this.#options = options;
    this.#writer = new UnitWriter(options.socket);
    const port: Port = {
      postMessage: (reply) => this.#reply(reply as Reply),
      on: (_event, listener) => {
        this.#ask = listener;
      },
    };
    this.#closeViews = serveDoor(port, options.door);
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#read();
  }

  /** The screen has read all that was sent. */
  drained(): void {
    for (const [viewId, update] of this.#held) {
      if (this.#isBacklogged) break;
      this.#held.delete(viewId);
      this.#write(update);
    }
    this.#read();
  }

  end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#unitEnded();
    this.#held.clear();
    this.#closeViews();
    this.#commands.end(this.#options.door);
  }

  #read(): void {
    try {
      while (this.#state !== 'ended' && !this.#isBehind) {
        const unit = this.#reader.next();
        if (unit === undefined) break;
        this.#unitEnded();
        this.#handle(unit);
      }
    } catch (error) {
      this.#giveUp(`said what is not the protocol: ${toAiocError(error).message}`);
    }
    if (this.#state === 'ended') return;
    // What is not read cannot come late.
    if (this.#isBehind) this.#unitEnded();
    else this.#watchForCut();
    if (this.#isPaused === this.#isBehind) return;
    this.#isPaused = this.#isBehind;
    if (this.#isPaused) this.#options.socket.pause();
    else this.#options.socket.resume();
  }

  #handle(unit: Unit): void {
    if (this.#state === 'silent') {
      if (unit.kind !== 'hello') throw new Error('its first word is no hello');
      bodyAsJson(unit);
      this.#state = 'greeted';
      const welcome = { protocol: LOCAL_PROTOCOL, version: this.#options.version };
      this.#writer.write('welcome', unit.number, jsonBody(welcome));
    } else if (unit.kind === 'doorRequest') {
      this.#request(checkedRequest(bodyAsJson(unit)));
    } else {
      throw new Error(`a ${unit.kind} is not for the door`);
    }
  }

  #request(request: Request): void {
    if (request.kind === 'hello') {
      this.#state = request.version === CONTRACT_VERSION ? 'of one version' : 'of another version';
    } else if (this.#state !== 'of one version') {
      throw new Error('it has not said that it speaks this version of the contract');
    }
    if (request.kind === 'open') this.#opened(request.viewId);
    if (request.kind === 'query' || request.kind === 'execute') this.#unanswered += 1;
    if (request.kind === 'close') {
      this.#views.delete(request.viewId);
      this.#held.delete(request.viewId);
    }
    if (request.kind === 'execute') this.#commands.note(request.command);
    this.#ask(request);
  }

  #opened(viewId: number): void {
    if (this.#views.has(viewId)) throw new Error('it opens a view twice');
    if (this.#views.size >= LIMITS.viewsOpen) throw new Error(`it opens more than ${LIMITS.viewsOpen} views`);
    this.#views.add(viewId);
  }

  #reply(reply: Reply): void {
    if (this.#state === 'ended') return;
    if (reply.kind === 'update') {
      this.#held.delete(reply.viewId);
      if (this.#isBacklogged) this.#held.set(reply.viewId, reply);
      else this.#write(reply);
      return;
    }
    this.#write(reply);
    if (reply.kind !== 'answer') return;
    this.#unanswered -= 1;
    if (this.#isPaused) this.#read();
  }

  #write(reply: Reply): void {
    const body = jsonBody({ ...reply });
    if (body.length <= LIMITS.messageBytes) this.#writer.write('doorReply', 0, body);
    else this.#giveUp(`asked for ${body.length} bytes at once: ask for fewer rows`);
  }

  get #isBacklogged(): boolean {
    return this.#writer.waitingBytes > LIMITS.screenBacklogBytes;
  }

  get #isBehind(): boolean {
    return this.#unanswered >= LIMITS.screenCalls || this.#writer.waitingBytes > LIMITS.answerBacklogBytes;
  }

  #unitEnded(): void {
    this.#late?.cancel();
    this.#late = undefined;
  }

  #watchForCut(): void {
    if (this.#late !== undefined || !this.#reader.insideUnit) return;
    this.#late = this.#options.clock.after(LIMITS.localFrameTimeoutMs, () =>
      this.#giveUp('began a request and did not end it'),
    );
  }

  #giveUp(why: string): void {
    this.#options.log.event(`a screen that was attached ${why}`, { warning: true });
    this.end();
    this.#options.socket.destroy();
  }
}
