import { useEffect, useLayoutEffect, useState, useSyncExternalStore } from 'react';
import { type AppProps, PromptLayer } from '../app.tsx';
import { UiController } from '../control/ui-controller.ts';
import { hasPrompt } from '../dialogs/dialogs.ts';
import type { Host } from '../host.ts';
import { costLines } from '../panes/cost.ts';
import { type SafeText, safe, sanitize, trusted } from '../terminal/sanitize.ts';
import type { PromptPlace } from '../widgets/prompt-input.tsx';
import { Announcer } from './announcer.ts';
import { linearLines } from './linear-text.ts';
import { LINEAR_SIZE, type Readable, readAll, readDialog, readPane } from './read-out.ts';

/** A terminal to which only lines are written, one after the other. */
export interface LinearHost extends Host {
  /** Writes lines. */
  say(texts: readonly SafeText[]): void;
  /** The line that is being typed; undefined while none is. */
  typed(line: SafeText | undefined): void;
  /** Calls `listener` for the keys that read out. */
  onReadOut(listener: (what: 'pane' | 'all') => void): () => void;
}

export interface LinearAppProps extends Omit<AppProps, 'host'> {
  readonly host: LinearHost;
}

/** Candidates of Tab that are read out. */
const NAMES_READ = 20;
/** Where Ink draws a prompt that nobody sees: it edits the text. No larger, since Ink fills all of it for each key. */
const PROMPT_SIZE = { columns: LINEAR_SIZE.columns, rows: 1 };
const PROMPT_PLACE: PromptPlace = { row: 0, column: 0, width: PROMPT_SIZE.columns - 1 };

/** The same screen as lines for a screen reader: what has changed, and on a key all that is there. */
export function LinearApp(props: LinearAppProps) {
  const { host, attached } = props;
  const [controller] = useState(() => new UiController(props));
  const [announcer] = useState(() => new Announcer({ clock: host.clock, say: (texts) => host.say(texts) }));
  useEffect(() => {
    controller.start();
    const end = host.onReadOut((what) => {
      const readable = readableOf(controller);
      const { dialog, focus } = controller.ui();
      const here = dialog === undefined ? readPane(focus, readable) : readDialog(readable);
      const lines = what === 'all' ? readAll(readable) : here;
      host.say(lines);
    });
    return () => {
      end();
      announcer.stop();
      controller.stop();
    };
  }, [controller, announcer, host]);
  useEffect(() => controller.attachedNow(attached), [controller, attached]);
  const snapshot = useSyncExternalStore(controller.subscribe, controller.snapshot);
  const { ui } = snapshot;
  useLayoutEffect(() => {
    const readable = readableOf(controller);
    const typed = typedLine(controller);
    if (typed === undefined) host.typed(undefined);
    announcer.next(snapshot, readable);
    if (typed !== undefined) host.typed(typed);
  });
  useEffect(() => {
    if (!ui.showsCost) return;
    host.say(linearLines(costLines(host.stats(), controller.skippedUpdates), 'dialog'));
  }, [ui.showsCost, host, controller]);
  return (
    <PromptLayer
      prompt={controller.prompt}
      at={isPrompting(controller) ? PROMPT_PLACE : undefined}
      host={host}
      size={PROMPT_SIZE}
    />
  );
}

function readableOf(controller: UiController): Readable {
  const { chat, prompt } = controller;
  const { editor: chatLine, directory, search } = chat;
  return { context: controller.context(), prompt, chatLine, directory, search };
}

function isPrompting(controller: UiController): boolean {
  const { dialog, filtering } = controller.ui();
  return dialog === undefined ? filtering : hasPrompt(dialog);
}

/** What is being typed, after whom or what it is for. */
function typedLine(controller: UiController): SafeText | undefined {
  const { ui, dialog } = { ui: controller.ui(), dialog: controller.ui().dialog };
  if (isPrompting(controller))
    return safe`${trusted(dialog?.kind.replaceAll('-', ' ') ?? 'filter')}: ${controller.prompt.text}`;
  if (dialog !== undefined || !ui.editing) return undefined;
  const { editor, directory, search } = controller.chat;
  if (search !== undefined)
    return safe`search ${sanitize(search.needle)}: ${sanitize(search.match ?? 'no earlier line')}`;
  // A command says where it runs.
  const head = editor.text.startsWith('!') ? directory : (ui.chatPeer?.name ?? trusted(''));
  const line = safe`${head}> ${editor.visible(Number.POSITIVE_INFINITY).text}`;
  const { candidates } = ui;
  // What Tab offers is read once; then the line has the one that is chosen.
  if (candidates === undefined || candidates.selected !== undefined) return line;
  return safe`${line} (Tab: ${sanitize(candidates.shown.slice(0, NAMES_READ).join(', '))})`;
}
