import { Box } from 'ink';
import { useEffect, useLayoutEffect, useState, useSyncExternalStore } from 'react';
import type { EngineApi } from '../engine/contract/engine-api.ts';
import { type Snapshot, UiController } from './control/ui-controller.ts';
import { dialogOverlay } from './dialogs/dialogs.ts';
import { tooSmallLines } from './dialogs/too-small.ts';
import type { Cell, Host, ScreenFrame, Size } from './host.ts';
import { isTooSmall, layoutOf } from './layout.ts';
import type { LocalActions } from './local-actions.ts';
import { chatPane } from './panes/chat-pane.ts';
import { COST_CELLS, costLines } from './panes/cost.ts';
import { footerLine } from './panes/footer.ts';
import { headerLine } from './panes/header.ts';
import { logPane } from './panes/log-pane.ts';
import type { PaneInput } from './panes/pane.ts';
import { peersPane } from './panes/peers-pane.ts';
import { queuesPane } from './panes/queues-pane.ts';
import type { LastRun } from './state/last-run.ts';
import type { Attached, PaneName } from './state/ui-state.ts';
import type { ThemeName } from './themes/themes.ts';
import type { Block } from './widgets/frame.ts';
import type { Prompt } from './widgets/prompt.ts';
import { PromptInput, type PromptPlace, scrollOf } from './widgets/prompt-input.tsx';

export interface AppProps {
  readonly engine: EngineApi;
  readonly local: LocalActions;
  readonly host: Host;
  /** For a screen whose engine runs in another process. */
  readonly attached?: Attached | undefined;
  /** The engine runs a connector from a configuration, whose programs talk, not people. */
  readonly isConnector?: boolean | undefined;
  /** Something to say when the screen opens. */
  readonly notice?: string | undefined;
  /** The terminal reports the wheel and clicks from the start. */
  readonly hasMouse?: boolean | undefined;
  /** The colours that the user has asked for. */
  readonly theme?: ThemeName | undefined;
  /** False: Tab does not complete in the chat line. */
  readonly completes?: boolean | undefined;
  /** The engine makes the user's key before it starts. */
  readonly isMakingKey?: boolean | undefined;
  /** What this screen takes over from its earlier run, and keeps for the next. */
  readonly lastRun?: LastRun | undefined;
}

const DRAW: Record<PaneName, (input: PaneInput) => Block> = {
  peers: peersPane,
  queues: queuesPane,
  log: logPane,
  chat: chatPane,
};

/** The whole screen. */
export function App(props: AppProps) {
  const { host, attached } = props;
  const [controller] = useState(() => new UiController(props));
  useEffect(() => {
    controller.start();
    return () => controller.stop();
  }, [controller]);
  useEffect(() => controller.attachedNow(attached), [controller, attached]);
  host.beginFrame();
  const snapshot = useSyncExternalStore(controller.subscribe, controller.snapshot);
  const { isMakingKey = false } = props;
  const screen = isTooSmall(snapshot.ui.size) ? undefined : drawn(snapshot, controller, isMakingKey);
  const size = snapshot.ui.size;
  useLayoutEffect(() =>
    host.show(screen ?? { regions: [{ row: 0, column: 0, lines: tooSmallLines(size) }] }),
  );
  return <PromptLayer prompt={controller.prompt} at={screen?.prompt} host={host} size={size} />;
}

interface DrawnPane extends Block, Cell {}

function drawn({ ui, data, context }: Snapshot, controller: UiController, isMakingKey: boolean): ScreenFrame {
  const { columns: width, rows } = ui.size;
  const panes = Object.entries(layoutOf(ui)).map(([name, box]): DrawnPane => {
    const { chat, prompt } = controller;
    const input = {
      ui,
      data,
      box,
      chatLine: chat.editor,
      directory: chat.directory,
      search: chat.search,
      prompt,
    };
    return { ...DRAW[name as PaneName](input), row: box.row, column: box.column };
  });
  const overlay = dialogOverlay(context, controller.prompt.text);
  const typing = overlay ?? panes.find(({ cursor, prompt }) => cursor !== undefined || prompt !== undefined);
  const prompt = typing?.prompt && placed(typing.prompt, typing);
  const header = headerLine(data.status, {
    nowMs: ui.nowMs,
    width,
    attached: ui.attached,
    silentSinceMs: ui.silentSinceMs,
    isMakingKey,
  });
  return {
    regions: [
      { row: 0, column: 0, lines: [header] },
      ...panes,
      { row: rows - 1, column: 0, lines: [footerLine(context, width)] },
      ...(overlay === undefined ? [] : [overlay]),
      ...(ui.showsCost
        ? [
            {
              row: 1,
              column: width - COST_CELLS,
              lines: costLines(controller.host.stats(), controller.skippedUpdates),
            },
          ]
        : []),
    ],
    prompt,
    cursor:
      prompt === undefined
        ? typing?.cursor && placed(typing.cursor, typing)
        : cursorIn(prompt, controller.prompt),
  };
}

/** Converts a place within a part to a place on the screen. */
function placed<Place extends Cell>(place: Place, part: Cell): Place {
  return { ...place, row: part.row + place.row, column: part.column + place.column };
}

function cursorIn({ row, column, width }: PromptPlace, prompt: Prompt): Cell {
  return { row, column: column + prompt.cursorColumn - scrollOf(prompt, width) };
}

interface PromptLayerProps {
  readonly prompt: Prompt;
  /** The place of the prompt, while one is open. */
  readonly at: PromptPlace | undefined;
  readonly host: Host;
  readonly size: Size;
}

/** All that Ink draws. Its frame is empty without a prompt, since Ink lays out and measures every row of its own. */
export function PromptLayer({ prompt, at, host, size }: PromptLayerProps) {
  if (at === undefined) return null;
  return (
    <Box width={size.columns} height={size.rows}>
      <PromptInput
        key={prompt.edition}
        prompt={prompt}
        text={prompt.text}
        at={at}
        appearance={host.appearance}
      />
    </Box>
  );
}
