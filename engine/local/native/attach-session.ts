import type { Socket } from 'node:net';
import { toAiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Clock, Timer } from '../../base/ports.ts';
import { CONTRACT_VERSION, type EngineApi } from '../../contract/engine-api.ts';
import { type EngineReply, type Port, type Request, serveEngine } from '../../contract/engine-rpc.ts';
import { parseRequest } from '../../contract/request-schema.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import { PacketWriter } from './packet-writer.ts';
import { bodyAsJson, commonProtocol, jsonBody, type Packet, PacketReader } from './packets.ts';
import { ShownCommands } from './shown-commands.ts';

export interface AttachSessionOptions {
  readonly socket: Socket;
  readonly engine: EngineApi;
  readonly clock: Clock;
  readonly log: TrafficLog;
  readonly version: string;
}

type UpdateReply = Extract<EngineReply, { readonly kind: 'update' }>;

/**
 * The session of one attached screen. Each request is validated before the engine gets it. A screen that does not read gets
 * no updates until it does; of each view, only the newest is kept.
 */
export class AttachSession {
  readonly #options: AttachSessionOptions;
  readonly #reader = new PacketReader(LIMITS.screenRequestBytes);
  readonly #writer: PacketWriter;
  readonly #closeViews: () => void;
  readonly #views = new Set<number>();
  readonly #commands = new ShownCommands();
  /** Updates that could not be sent yet, by view. */
  readonly #held = new Map<number, UpdateReply>();
  #ask: (request: Request) => void = () => undefined;
  #state: 'silent' | 'greeted' | 'of one version' | 'of another version' | 'ended' = 'silent';
  #unanswered = 0;
  #isPaused = false;
  #isReadOnly = false;
  #late: Timer | undefined;

  constructor(options: AttachSessionOptions) {
    this.#options = options;
    this.#writer = new PacketWriter(options.socket);
    const port: Port = {
      postMessage: (reply) => this.#reply(reply as EngineReply),
      on: (_event, listener) => {
        this.#ask = listener;
      },
    };
    this.#closeViews = serveEngine(port, options.engine);
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#read();
  }

  /** Call when the screen has read everything. */
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
    this.#packetEnded();
    this.#held.clear();
    this.#closeViews();
    this.#commands.end(this.#options.engine);
  }

  #read(): void {
    try {
      while (this.#state !== 'ended' && !this.#isBehind) {
        const packet = this.#reader.next();
        if (packet === undefined) break;
        this.#packetEnded();
        this.#handle(packet);
      }
    } catch (error) {
      this.#giveUp(`invalid request: ${toAiocError(error).message}`);
    }
    if (this.#state === 'ended') return;
    // While reading is paused, the rest of a packet cannot be late.
    if (this.#isBehind) this.#packetEnded();
    else this.#watchForCut();
    if (this.#isPaused === this.#isBehind) return;
    this.#isPaused = this.#isBehind;
    if (this.#isPaused) this.#options.socket.pause();
    else this.#options.socket.resume();
  }

  #handle(packet: Packet): void {
    if (this.#state === 'silent') {
      if (packet.kind !== 'hello') throw new Error('the first packet is not a hello');
      const protocol = commonProtocol(bodyAsJson(packet));
      this.#state = 'greeted';
      const welcome = { protocol, version: this.#options.version };
      this.#writer.write('welcome', packet.number, jsonBody(welcome));
    } else if (packet.kind === 'engineRequest') {
      this.#request(parseRequest(bodyAsJson(packet)));
    } else {
      throw new Error(`a ${packet.kind} is not allowed on the attach socket`);
    }
  }

  #request(request: Request): void {
    if (request.kind === 'hello') {
      this.#state = request.version === CONTRACT_VERSION ? 'of one version' : 'of another version';
      this.#isReadOnly ||= request.readOnly === true;
    } else if (this.#state !== 'of one version') {
      throw new Error('the contract versions differ');
    }
    if (request.kind === 'open') this.#opened(request.viewId);
    if ('callId' in request) this.#unanswered += 1;
    if (request.kind === 'close') {
      this.#views.delete(request.viewId);
      this.#held.delete(request.viewId);
    }
    if (request.kind === 'execute' && !this.#isReadOnly) this.#commands.note(request.command);
    this.#ask(request);
  }

  #opened(viewId: number): void {
    if (this.#views.has(viewId)) throw new Error('the view is already open');
    if (this.#views.size >= LIMITS.viewsOpen) throw new Error(`more than ${LIMITS.viewsOpen} open views`);
    this.#views.add(viewId);
  }

  #reply(reply: EngineReply): void {
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

  #write(reply: EngineReply): void {
    const body = jsonBody({ ...reply });
    if (body.length <= LIMITS.messageBytes) this.#writer.write('engineReply', 0, body);
    else this.#giveUp(`a reply has ${body.length} bytes; request fewer rows`);
  }

  get #isBacklogged(): boolean {
    return this.#writer.waitingBytes > LIMITS.screenBacklogBytes;
  }

  get #isBehind(): boolean {
    return this.#unanswered >= LIMITS.screenCalls || this.#writer.waitingBytes > LIMITS.answerBacklogBytes;
  }

  #packetEnded(): void {
    this.#late?.cancel();
    this.#late = undefined;
  }

  #watchForCut(): void {
    if (this.#late !== undefined || !this.#reader.insidePacket) return;
    this.#late = this.#options.clock.after(LIMITS.localFrameTimeoutMs, () =>
      this.#giveUp('it sent an incomplete request'),
    );
  }

  #giveUp(why: string): void {
    this.#options.log.event(`detached a screen: ${why}`, { warning: true });
    this.end();
    this.#options.socket.destroy();
  }
}
