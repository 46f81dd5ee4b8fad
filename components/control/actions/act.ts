import type { ChatControl } from '../chat-control.ts';
import type { UiContext } from '../ui-context.ts';

/** What a key or a palette command does; `words` is what the user has typed after the command. */
export type Act = (control: UiContext, chat: ChatControl, words: string) => void;
