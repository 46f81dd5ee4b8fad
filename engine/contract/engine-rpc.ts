import { AiocError } from '../base/errors.ts';
import type { Command, CommandResult } from './commands.ts';
import { CONTRACT_VERSION, type EngineApi, type ViewSubscription } from './engine-api.ts';
import type { PeekAnswer, PeekQuestion } from './queue-peek.ts';
import { readOnlyEngine } from './read-only-engine.ts';
import type { Body, Update, View } from './views.ts';

/** The part of a MessagePort, a Worker or a parentPort that is needed here. */
export interface Port {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

/** Messages from a screen. */
export type Request =
  /** `readOnly`: every command of this connection is refused, for as long as it lasts. */
  | { readonly kind: 'hello'; readonly version: number; readonly readOnly?: boolean }
  | { readonly kind: 'open' | 'change'; readonly viewId: number; readonly view: View }
  | { readonly kind: 'close'; readonly viewId: number }
  | { readonly kind: 'query'; readonly callId: number; readonly logId: number }
  | { readonly kind: 'peek'; readonly callId: number; readonly question: PeekQuestion }
  | { readonly kind: 'execute'; readonly callId: number; readonly command: Command };

export type EngineReply =
  | { readonly kind: 'hello'; readonly version: number }
  | { readonly kind: 'update'; readonly viewId: number; readonly update: Update }
  | { readonly kind: 'answer'; readonly callId: number; readonly value: unknown };

/**
 * Serves an engine over a port.
 *
 * @returns a function that closes the views; call it when the other end has closed
 */
export function serveEngine(port: Port, served: EngineApi): () => void {
  let engine = served;
  const views = new Map<number, ViewSubscription>();
  const reply = (message: EngineReply): void => port.postMessage(message);
  port.on('message', (message) => {
    const request = message as Request;
    switch (request.kind) {
      case 'hello':
        if (request.readOnly === true) engine = readOnlyEngine(served);
        return reply({ kind: 'hello', version: CONTRACT_VERSION });
      case 'open': {
        const { viewId, view } = request;
        views.set(
          viewId,
          engine.open(view, (update) => reply({ kind: 'update', viewId, update })),
        );
        return;
      }
      case 'change':
        return views.get(request.viewId)?.change(request.view);
      case 'close':
        views.get(request.viewId)?.close();
        views.delete(request.viewId);
        return;
      case 'query':
        void engine
          .query(request.logId)
          .then((value) => reply({ kind: 'answer', callId: request.callId, value }));
        return;
      case 'peek':
        void engine
          .peek(request.question)
          .then((value) => reply({ kind: 'answer', callId: request.callId, value }));
        return;
      case 'execute':
        void engine
          .execute(request.command)
          .then((value) => reply({ kind: 'answer', callId: request.callId, value }));
        return;
    }
  });
  return () => {
    for (const view of views.values()) view.close();
    views.clear();
  };
}

/** What a screen asks for when it connects. */
export interface AttachmentOptions {
  /** The engine is to refuse every command of this connection. */
  readonly isReadOnly?: boolean;
}

interface Call {
  answered(value: unknown): void;
  failed(error: AiocError): void;
}

/** The screen's end of a port. What is asked before the engine serves the port is answered when it does. */
export class EngineClient implements EngineApi {
  readonly #port: Port;
  readonly #views = new Map<number, (update: Update) => void>();
  readonly #calls = new Map<number, Call>();
  #onHello: Call = { answered: () => undefined, failed: () => undefined };
  #lastId = 0;
  #ended: AiocError | undefined;
  readonly #isReadOnly: boolean;

  constructor(port: Port, { isReadOnly = false }: AttachmentOptions = {}) {
    this.#port = port;
    this.#isReadOnly = isReadOnly;
    port.on('message', (reply) => this.#receive(reply as EngineReply));
  }

  /**
   * Comes before anything else is asked.
   *
   * @throws AiocError AIOC_CONTRACT_VERSION if the versions differ, and the error passed to `end`
   */
  async greet(): Promise<void> {
    const version = await new Promise<unknown>((resolve, reject) => {
      this.#onHello = { answered: resolve, failed: reject };
      if (this.#ended !== undefined) reject(this.#ended);
      else {
        const readOnly = this.#isReadOnly && { readOnly: true };
        this.#send({ kind: 'hello', version: CONTRACT_VERSION, ...readOnly });
      }
    });
    if (version !== CONTRACT_VERSION) {
      throw new AiocError(
        'AIOC_CONTRACT_VERSION',
        `the engine uses version ${version} of the contract, this screen version ${CONTRACT_VERSION}: use the same release of aioc for both`,
      );
    }
  }

  /** The other end has closed: pending and later calls fail with this error. */
  end(error: AiocError): void {
    this.#ended ??= error;
    this.#views.clear();
    this.#onHello.failed(this.#ended);
    for (const { failed } of this.#calls.values()) failed(this.#ended);
    this.#calls.clear();
  }

  open(view: View, onUpdate: (update: Update) => void): ViewSubscription {
    this.#lastId += 1;
    const viewId = this.#lastId;
    if (this.#ended === undefined) this.#views.set(viewId, onUpdate);
    this.#send({ kind: 'open', viewId, view });
    return {
      change: (next) => this.#send({ kind: 'change', viewId, view: next }),
      close: () => {
        this.#views.delete(viewId);
        this.#send({ kind: 'close', viewId });
      },
    };
  }

  peek(question: PeekQuestion): Promise<PeekAnswer> {
    return new Promise((resolve, reject) => {
      const call = { answered: (value: unknown) => resolve(value as PeekAnswer), failed: reject };
      this.#call(call, (callId) => ({ kind: 'peek', callId, question }));
    });
  }

  query(logId: number): Promise<Body | undefined> {
    return new Promise((resolve, reject) => {
      const call = { answered: (value: unknown) => resolve(value as Body | undefined), failed: reject };
      this.#call(call, (callId) => ({ kind: 'query', callId, logId }));
    });
  }

  execute(command: Command): Promise<CommandResult> {
    return new Promise((resolve) => {
      const answered = (value: unknown): void => resolve(value as CommandResult);
      const failed = ({ code, message }: AiocError): void => resolve({ ok: false, code, message });
      this.#call({ answered, failed }, (callId) => ({ kind: 'execute', callId, command }));
    });
  }

  #call(call: Call, request: (callId: number) => Request): void {
    if (this.#ended !== undefined) return call.failed(this.#ended);
    this.#lastId += 1;
    this.#calls.set(this.#lastId, call);
    this.#send(request(this.#lastId));
  }

  #send(request: Request): void {
    if (this.#ended === undefined) this.#port.postMessage(request);
  }

  #receive(reply: EngineReply): void {
    if (reply.kind === 'hello') this.#onHello.answered(reply.version);
    else if (reply.kind === 'update') this.#views.get(reply.viewId)?.(reply.update);
    else {
      this.#calls.get(reply.callId)?.answered(reply.value);
      this.#calls.delete(reply.callId);
    }
  }
}
