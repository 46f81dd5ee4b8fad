import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { builtProgram } from './built-program.ts';
import { freePort } from './free-port.ts';
import { PtySession } from './pty-session.ts';

/** The committed key pairs of `test/fixtures/identity/`, by the names in their certificates. */
export type Who = 'ada' | 'ben';

/** The words of each one's fingerprint, in the two halves between which a screen may break them. */
const WORDS: Readonly<Record<Who, readonly [string, string]>> = {
  ada: ['toast-tulip-puzzle-evening', 'eclipse-sugar-jackpot-ribbon'],
  ben: ['forest-bonfire-pony-quill', 'toolbox-butter-pirate-citrus'],
};

export interface AiocOptions {
  /** Whose key and certificate it has, and by default its `--name`. */
  readonly who: Who;
  /** Behind `--name`. */
  readonly args?: readonly string[];
  readonly columns?: number;
  readonly rows?: number;
  /** What the clock on the screen always shows, as an ISO time. */
  readonly fixedTime?: string;
  /** Modules that run before the program, by their names in `test/fixtures/`. */
  readonly preloads?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What starts node, such as a program that takes rights away. */
  readonly launcher?: readonly string[];
  /** Shell commands for the same terminal when the program has ended. The exit code stays the program's. */
  readonly afterwards?: string;
}

const FIXTURES = join(import.meta.dirname, '../fixtures');
/** The program must find its identity when it starts, in the home that the session makes for it. */
const WITH_IDENTITY =
  'umask 077; state="$HOME/.local/state/aioc/identity"; mkdir -p "$state"; cp "$0"/*.pem "$state"; umask 022;';
/** Generous: another program may have all of the processor. */
const SLOW_MS = 30_000;

/** Starts the built program in a terminal and a home of its own. Its address is the loopback one. */
export function startAioc(options: AiocOptions): PtySession {
  const { who, args = [], fixedTime, preloads = [], launcher = [], afterwards, env, cwd } = options;
  const run = afterwards === undefined ? 'exec "$@"' : `"$@"; code=$?; ${afterwards}; exit $code`;
  const imports = preloads.flatMap((name) => ['--import', join(FIXTURES, name)]);
  return PtySession.start({
    command: '/bin/sh',
    args: [
      '-c',
      `${WITH_IDENTITY} ${run}`,
      join(FIXTURES, 'identity', who),
      ...launcher,
      process.execPath,
      ...imports,
      builtProgram(),
      '--name',
      who,
      ...args,
    ],
    env: { ...(fixedTime !== undefined && { AIOC_FIXED_TIME: fixedTime }), ...env },
    columns: options.columns ?? 80,
    rows: options.rows ?? 24,
    ...(cwd !== undefined && { cwd }),
  });
}

export type SideOptions = Omit<AiocOptions, 'who'>;

/** A server called ada. */
export function startServer(port: number, { args = [], ...rest }: SideOptions = {}): PtySession {
  const where = ['--bind_server_ip', '127.0.0.1', '--port', String(port)];
  return startAioc({ who: 'ada', args: [...where, ...args], ...rest });
}

/** A client called ben. */
export function startClient(port: number, { args = [], ...rest }: SideOptions = {}): PtySession {
  return startAioc({ who: 'ben', args: ['--target', '127.0.0.1', '--port', String(port), ...args], ...rest });
}

/** The server, ada, and its client, ben, let in; both have the chat's line in focus. Use it with `await using`. */
export class AiocPair implements AsyncDisposable {
  readonly ada: PtySession;
  readonly ben: PtySession;
  readonly port: number;

  private constructor(sides: { readonly ada: PtySession; readonly ben: PtySession; readonly port: number }) {
    this.ada = sides.ada;
    this.ben = sides.ben;
    this.port = sides.port;
  }

  /** @param options - for both sides, and for each on top */
  static async start(
    options: SideOptions & { readonly ada?: SideOptions; readonly ben?: SideOptions } = {},
  ): Promise<AiocPair> {
    const { ada: adaOnly = {}, ben: benOnly = {}, ...both } = options;
    const port = await freePort();
    const ada = startServer(port, merged(both, adaOnly));
    const sides = [ada];
    try {
      // A client that calls before somebody listens notes that in its log.
      await ada.waitFor('● server', { timeoutMs: SLOW_MS });
      const ben = startClient(port, merged(both, benOnly));
      sides.push(ben);
      if (!(adaOnly.args ?? both.args ?? []).includes('--accept')) await accept(ada);
      await Promise.all([
        ada.waitFor('ben is connected', { timeoutMs: SLOW_MS }),
        ben.waitFor('ada is connected', { timeoutMs: SLOW_MS }),
      ]);
      await Promise.all(sides.map(enterChat));
      return new AiocPair({ ada, ben, port });
    } catch (error) {
      await Promise.all(sides.map((side) => side[Symbol.asyncDispose]()));
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.ada[Symbol.asyncDispose](), this.ben[Symbol.asyncDispose]()]);
  }
}

function merged(both: SideOptions, one: SideOptions): SideOptions {
  return { ...both, ...one, env: { ...both.env, ...one.env } };
}

/** Accepts the connection request on the screen, as a user does. */
export async function accept(server: PtySession): Promise<void> {
  await server.waitFor('Connection request', { timeoutMs: SLOW_MS });
  await server.waitFor('[ Refuse ]');
  server.press('a');
  await server.waitFor('[ Accept ]');
  server.press('enter');
  await server.waitFor((screen) => !screen.join('\n').includes('Connection request'), {
    what: 'the end of the question',
  });
}

/** Refuses the connection request on the screen, as a user does. */
export async function refuse(server: PtySession): Promise<void> {
  await server.waitFor('Connection request', { timeoutMs: SLOW_MS });
  server.press('r');
  await server.waitFor('[ Refuse ]');
  server.press('enter');
}

/** Waits until the screen shows all words of somebody's fingerprint. */
export async function waitForWords(session: PtySession, who: Who): Promise<void> {
  await session.waitFor((screen) => WORDS[who].every((half) => screen.join('\n').includes(half)), {
    timeoutMs: SLOW_MS,
    what: `the words of ${who}`,
  });
}

/** Waits until the chat's pane shows a text. */
export async function chatShows(session: PtySession, text: string | RegExp): Promise<void> {
  await session.waitFor((screen) => contains(paneText(screen, '4 Chat'), text), {
    timeoutMs: SLOW_MS,
    what: `${text} in the chat`,
  });
}

/** The same for a text that may be broken into several lines. */
export async function chatSays(session: PtySession, text: string | RegExp): Promise<void> {
  await session.waitFor((screen) => contains(paneText(screen, '4 Chat').replace(/\s+/g, ' '), text), {
    timeoutMs: SLOW_MS,
    what: `${text} in the chat`,
  });
}

function contains(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
}

/** Goes into the chat's line, which only the user does. */
export async function enterChat(session: PtySession): Promise<void> {
  const isOutside = (screen: readonly string[]): boolean => / to write/.test(promptOf(screen));
  if (!isOutside(session.screen())) return;
  session.press('4');
  await session.waitFor((screen) => !isOutside(screen), { what: 'the chat’s line', timeoutMs: SLOW_MS });
}

/** The end of the line that was entered last. */
const ENTERED = new WeakMap<PtySession, string>();

/** Writes a line into the chat and sends it. */
export async function enterLine(session: PtySession, line: string): Promise<void> {
  await enterChat(session);
  // Text that comes right after Enter would be a paste.
  const before = ENTERED.get(session);
  if (before !== undefined)
    await session.waitFor((screen) => !promptOf(screen).endsWith(before), { what: `“${before}” to be sent` });
  session.type(line);
  await session.waitFor((screen) => promptOf(screen).endsWith(line.slice(-20)), {
    what: `“${line}” in the chat's line`,
  });
  session.press('enter');
  ENTERED.set(session, line.slice(-20));
}

/** What stands in the chat's line; before a command, the prompt names the directory in which it would run. */
export function promptOf(screen: readonly string[]): string {
  const prompt = /│ (?:[^│›]+ )?› (.*?)\s*│[^│]*$/;
  const row = screen.findLast((line) => prompt.test(line)) ?? '';
  return (prompt.exec(row)?.[1] ?? '').trimEnd();
}

/** What a pane shows, without its frame; its rows joined. */
export function paneText(screen: readonly string[], title: string): string {
  const top = screen.findIndex((line) => line.includes(`╭ ${title}`));
  if (top < 0) return '';
  const left = screen[top]?.indexOf(`╭ ${title}`) ?? 0;
  const right = screen[top]?.indexOf('╮', left) ?? -1;
  const rows: string[] = [];
  for (const line of screen.slice(top + 1)) {
    if (line[left] === '╰') break;
    rows.push(line.slice(left + 1, right).trim());
  }
  return rows.join('\n');
}

/** The process of the program itself, when a shell stands before it (`afterwards`). */
export function programPid(session: PtySession): number {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const pid = pairs.find(([, parent]) => parent === session.pid)?.[0];
  if (pid === undefined) throw new Error('the program is not running');
  return pid;
}
