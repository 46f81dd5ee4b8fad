import { UNFINISHED } from './listener.ts';
import type { Listener, ListenerMessage, MessageHandler } from './listener-message.ts';

interface Held {
  readonly message: ListenerMessage;
  /** The message was processed. */
  done(): void;
  /** The message may not have been processed. */
  leave(): void;
}

/** Turns a listener into an iterator: the handler of a message completes when the next message is requested. */
export async function* messageStream(
  listen: (handler: MessageHandler) => Promise<Listener>,
): AsyncGenerator<ListenerMessage, void, undefined> {
  let waiting: Held | undefined;
  let end: { readonly error?: unknown } | undefined;
  let wake = (): void => undefined;
  const listener = await listen(
    (message) =>
      new Promise((done, reject) => {
        waiting = { message, done, leave: () => reject(UNFINISHED) };
        wake();
      }),
  );
  const ended = (how: { readonly error?: unknown }): void => {
    end = how;
    wake();
  };
  listener.closed.then(
    () => ended({}),
    (error: unknown) => ended({ error }),
  );
  try {
    for (;;) {
      const taken: Held | undefined = waiting;
      waiting = undefined;
      if (taken !== undefined) {
        let isLeft = true;
        try {
          yield taken.message;
          isLeft = false;
        } finally {
          if (isLeft) taken.leave();
          else taken.done();
        }
      } else if (end === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if ('error' in end) throw end.error;
      else return;
    }
  } finally {
    waiting?.leave();
    await listener.stop();
  }
}
