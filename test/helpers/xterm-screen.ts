import headless from '@xterm/headless';

/** A real terminal's model of what bytes draw. */
export class XtermScreen {
  readonly terminal: InstanceType<typeof headless.Terminal>;

  constructor(columns: number, rows: number) {
    this.terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 100 });
  }

  /** Resolves when the bytes have been drawn. */
  async write(bytes: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.terminal.write(bytes, resolve));
  }

  /** The rows of the screen, without the spaces at their ends. */
  rows(): string[] {
    const { active } = this.terminal.buffer;
    return Array.from({ length: this.terminal.rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString() ?? '').trimEnd(),
    );
  }

  cell(row: number, column: number) {
    const { active } = this.terminal.buffer;
    return active.getLine(active.baseY + row)?.getCell(column);
  }

  get cursor(): { row: number; column: number } {
    const { cursorX, cursorY } = this.terminal.buffer.active;
    return { row: cursorY, column: cursorX };
  }

  get isAlternate(): boolean {
    return this.terminal.buffer.active.type === 'alternate';
  }
}
