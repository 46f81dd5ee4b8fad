import { Box } from 'ink';
import { useEffect, useLayoutEffect, useState, useSyncExternalStore } from 'react';
import type { EngineApi } from '../engine/contract/engine-api.ts';
import { type Snapshot, UiController } from './control/ui-controller.ts';
import { dialogOverlay } from './dialogs/dialogs.ts';
import { tooSmallLines } from './dialogs/too-small.ts';
import type { Cell, Host, Size } from './host.ts';
import { isTooSmall, layoutOf } from './layout.ts';
import type { LocalActions } from './local-actions.ts';
import { chatPane } from './panes/chat-pane.ts';
import { footerLine } from './panes/footer.ts';
import { headerLine } from './panes/header.ts';
import { logPane } from './panes/log-pane.ts';
import type { PaneInput } from './panes/pane.ts';
import { peersPane } from './panes/peers-pane.ts';
import { queuesPane } from './panes/queues-pane.ts';
import type { Attached, PaneName } from './state/ui-state.ts';
import type { Block } from './widgets/frame.ts';
import { lineWidth } from './widgets/line.ts';
import { PaintedBlock } from './widgets/painted-block.tsx';
import type { Prompt } from './widgets/prompt.ts';
import { PromptInput, type PromptPlace, scrollOf } from './widgets/prompt-input.tsx';

interface AppProps {
  readonly engine: EngineApi;
  readonly local: LocalActions;
  readonly host: Host;
  /** For a screen whose engine runs in another process. */
  readonly attached?: Attached | undefined;
  /** The engine runs a connector from a configuration, whose programs talk, not people. */
  readonly isConnector?: boolean | undefined;
}

const DRAW: Record<PaneName, (input: PaneInput) => Block> = {
  peers: peersPane,
  queues: queuesPane,
  log: logPane,
  chat: chatPane,
};

/** The whole screen. */
export function App({ engine, local, host, attached, isConnector }: AppProps) {
  const [controller] = useState(() => new UiController({ engine, local, host, attached, isConnector }));
  useEffect(() => {
    controller.start();
    return () => controller.stop();
  }, [controller]);
  useEffect(() => controller.change({ kind: 'attached', attached }), [controller, attached]);
  const snapshot = useSyncExternalStore(controller.subscribe, controller.snapshot);
  const screen = isTooSmall(snapshot.ui.size) ? undefined : drawn(snapshot, controller);
  useLayoutEffect(() => host.setCursor(screen?.cursor));
  if (screen === undefined) {
    const { size } = snapshot.ui;
    return <PaintedBlock lines={tooSmallLines(size)} appearance={host.appearance} width={size.columns} />;
  }
  return <Screen screen={screen} host={host} size={snapshot.ui.size} prompt={controller.prompt} />;
}

interface DrawnPane extends Block {
  readonly name: PaneName;
  readonly row: number;
  readonly column: number;
  readonly width: number;
}

interface DrawnScreen {
  readonly header: Block;
  readonly footer: Block;
  readonly panes: readonly DrawnPane[];
  readonly overlay: ReturnType<typeof dialogOverlay>;
  /** The place of the prompt, while one is open. */
  readonly prompt: PromptPlace | undefined;
  readonly cursor: Cell | undefined;
}

function drawn({ ui, data, context }: Snapshot, controller: UiController): DrawnScreen {
  const width = ui.size.columns;
  const panes = Object.entries(layoutOf(ui)).map(([key, box]): DrawnPane => {
    const name = key as PaneName;
    const input = { ui, data, box, chatLine: controller.chat.editor, prompt: controller.prompt };
    return { ...DRAW[name](input), name, row: box.row, column: box.column, width: box.width };
  });
  const overlay = dialogOverlay(context, controller.prompt.text);
  const typing = overlay ?? panes.find(({ cursor, prompt }) => cursor !== undefined || prompt !== undefined);
  const prompt = typing?.prompt && placed(typing.prompt, typing);
  return {
    header: { lines: [headerLine(data.status, { nowMs: ui.nowMs, width, attached: ui.attached })] },
    footer: { lines: [footerLine(context, width)] },
    panes,
    overlay,
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

interface ScreenProps {
  readonly screen: DrawnScreen;
  readonly host: Host;
  readonly size: Size;
  readonly prompt: Prompt;
}

function Screen({ screen, host, size, prompt }: ScreenProps) {
  const { appearance } = host;
  const { columns: width, rows } = size;
  const { header, footer, panes, overlay } = screen;
  return (
    <Box flexDirection="column" width={width} height={rows}>
      <PaintedBlock lines={header.lines} appearance={appearance} width={width} />
      {panes.map((pane) => (
        <PaintedBlock
          key={pane.name}
          lines={pane.lines}
          appearance={appearance}
          width={pane.width}
          at={pane}
        />
      ))}
      <PaintedBlock
        lines={footer.lines}
        appearance={appearance}
        width={width}
        at={{ row: rows - 1, column: 0 }}
      />
      {overlay && (
        <PaintedBlock
          lines={overlay.lines}
          appearance={appearance}
          width={lineWidth(overlay.lines[0] ?? [])}
          at={overlay}
        />
      )}
      {screen.prompt && (
        <PromptInput
          key={prompt.edition}
          prompt={prompt}
          text={prompt.text}
          at={screen.prompt}
          appearance={appearance}
        />
      )}
    </Box>
  );
}
