import type {
  JoinedClient,
  LocalActions,
  QueueExport,
  RunningShell,
  ShellRow,
} from '../../components/local-actions.ts';

/** The local side of the chat without a shell or a disk. */
export class FakeLocal implements LocalActions {
  workingDirectory = '/home/ann';
  /** What `exists` finds. */
  readonly existing = new Set<string>();
  startCommand = 'aioc';
  readonly shells: { line: string; update: (row: ShellRow) => void; isCancelled: boolean }[] = [];
  readonly saved: string[] = [];
  history: string[] = [];
  paths: string[] = [];

  get shownDirectory(): string {
    return this.workingDirectory.replace('/home/ann', '~');
  }

  async changeDirectory(to: string | undefined): Promise<void> {
    if (to === 'nowhere') throw new Error('There is no such directory: /home/ann/nowhere');
    this.workingDirectory = this.resolvePath(to ?? '/home/ann');
  }

  async exists(path: string): Promise<boolean> {
    return this.existing.has(path);
  }

  runShell(line: string, onUpdate: (row: ShellRow) => void): RunningShell {
    const shell = { line, update: onUpdate, isCancelled: false };
    this.shells.push(shell);
    return {
      cancel: () => {
        shell.isCancelled = true;
      },
    };
  }

  async completePath(prefix: string): Promise<readonly string[]> {
    return this.paths.filter((path) => path.startsWith(prefix));
  }

  resolvePath(path: string): string {
    return path.startsWith('/') ? path : `${this.workingDirectory}/${path}`;
  }

  async loadHistory(): Promise<readonly string[]> {
    return this.history;
  }

  /** The answer to each code; any other code fails. */
  readonly invitations = new Map<string, JoinedClient>();
  readonly codes: string[] = [];

  async joinServer(code: string): Promise<JoinedClient> {
    this.codes.push(code);
    const joined = this.invitations.get(code);
    if (joined === undefined) throw new Error('this invitation is not valid');
    return joined;
  }

  preferences: unknown;

  async loadPreferences(): Promise<unknown> {
    return this.preferences;
  }

  savePreferences(preferences: unknown): void {
    this.preferences = JSON.parse(JSON.stringify(preferences));
  }

  readonly screens: string[] = [];

  async saveText(text: string, what: 'screen' | 'text'): Promise<string> {
    this.screens.push(text);
    return `${this.workingDirectory}/aioc-${what}.txt`;
  }

  /** Lines of exports, by their paths. */
  readonly exports = new Map<string, string[]>();

  async createExport(queue: string): Promise<QueueExport> {
    const path = `${this.workingDirectory}/${queue}.ndjson`;
    const lines: string[] = [];
    this.exports.set(path, lines);
    return {
      path,
      append: async (rows) => void lines.push(...rows.map(({ text }) => text)),
      close: async () => undefined,
    };
  }

  saveHistory(line: string): void {
    this.saved.push(line);
  }
}
