import { AiocError } from '../base/errors.ts';
import type { Command, CommandResult } from './commands.ts';
import { CONTRACT_VERSION, type EngineDoor, type OpenView } from './door.ts';
import type { Body, Update, View } from './views.ts';

/** The part of a MessagePort, a Worker or a parentPort that the door needs. */
export interface Port {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

type Request =
  | { readonly kind: 'hello'; readonly version: number }
  | { readonly kind: 'open' | 'change'; readonly viewId: number; readonly view: View }
  | { readonly kind: 'close'; readonly viewId: number }
  | { readonly kind: 'query'; readonly callId: number; readonly logId: number }
  | { readonly kind: 'execute'; readonly callId: number; readonly command: Command };

type Reply =
  | { readonly kind: 'hello'; readonly version: number }
  | { readonly kind: 'update'; readonly viewId: number; readonly update: Update }
  | { readonly kind: 'answer'; readonly callId: number; readonly value: unknown };

/** Serves a door to whoever holds the other end of the port. */
export function serveDoor(port: Port, door: EngineDoor): void {
  const views = new Map<number, OpenView>();
  const reply = (message: Reply): void => port.postMessage(message);
  port.on('message', (message) => {
    const request = message as Request;
    switch (request.kind) {
      case 'hello':
        return reply({ kind: 'hello', version: CONTRACT_VERSION });
      case 'open': {
        const { viewId, view } = request;
        views.set(
          viewId,
          door.open(view, (update) => reply({ kind: 'update', viewId, update })),
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
        void door
          .query(request.logId)
          .then((value) => reply({ kind: 'answer', callId: request.callId, value }));
        return;
      case 'execute':
        void door
          .execute(request.command)
          .then((value) => reply({ kind: 'answer', callId: request.callId, value }));
        return;
    }
  });
}

/**
 * The door at the other end of a port.
 *
 * @throws AiocError AIOC_CONTRACT_VERSION when the two ends are of different versions
 */
export async function connectDoor(port: Port): Promise<EngineDoor> {
  const client = new DoorClient(port);
  await client.greet();
  return client;
}

class DoorClient implements EngineDoor {
  readonly #port: Port;
  readonly #views = new Map<number, (update: Update) => void>();
  readonly #calls = new Map<number, (value: unknown) => void>();
  #onHello: (version: number) => void = () => undefined;
  #lastId = 0;

  constructor(port: Port) {
    this.#port = port;
    port.on('message', (reply) => this.#receive(reply as Reply));
  }

  async greet(): Promise<void> {
    const version = await new Promise<number>((resolve) => {
      this.#onHello = resolve;
      this.#send({ kind: 'hello', version: CONTRACT_VERSION });
    });
    if (version !== CONTRACT_VERSION) {
      throw new AiocError(
        'AIOC_CONTRACT_VERSION',
        `the engine speaks version ${version} of the contract, this screen version ${CONTRACT_VERSION}: use the same release of aioc for both`,
      );
    }
  }

  open(view: View, onUpdate: (update: Update) => void): OpenView {
    this.#lastId += 1;
    const viewId = this.#lastId;
    this.#views.set(viewId, onUpdate);
    this.#send({ kind: 'open', viewId, view });
    return {
      change: (next) => this.#send({ kind: 'change', viewId, view: next }),
      close: () => {
        this.#views.delete(viewId);
        this.#send({ kind: 'close', viewId });
      },
    };
  }

  async query(logId: number): Promise<Body | undefined> {
    return (await this.#call((callId) => ({ kind: 'query', callId, logId }))) as Body | undefined;
  }

  async execute(command: Command): Promise<CommandResult> {
    return (await this.#call((callId) => ({ kind: 'execute', callId, command }))) as CommandResult;
  }

  #call(request: (callId: number) => Request): Promise<unknown> {
    this.#lastId += 1;
    const callId = this.#lastId;
    return new Promise((resolve) => {
      this.#calls.set(callId, resolve);
      this.#send(request(callId));
    });
  }

  #send(request: Request): void {
    this.#port.postMessage(request);
  }

  #receive(reply: Reply): void {
    if (reply.kind === 'hello') this.#onHello(reply.version);
    else if (reply.kind === 'update') this.#views.get(reply.viewId)?.(reply.update);
    else {
      this.#calls.get(reply.callId)?.(reply.value);
      this.#calls.delete(reply.callId);
    }
  }
}
