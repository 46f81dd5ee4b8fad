import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PtyCondition, PtyWaitOptions } from './pty-session.ts';
import { PtySession } from './pty-session.ts';

const run = promisify(execFile);

const PACKAGE = 'aioconnectors';
const VERSION = '1.6.3';
const ENVIRONMENTS = join(import.meta.dirname, '../../.venv');
const ENVIRONMENT = join(ENVIRONMENTS, `${PACKAGE}-${VERSION}`);
const ISOLATION = join(import.meta.dirname, 'python-isolation');
const VENV_TIMEOUT_MS = 60_000;
/** Two tries of ten seconds each, and the install itself. */
const PIP_TIMEOUT_MS = 60_000;

export interface PythonPeer {
  /** The interpreter of a virtual environment that has aioconnectors. */
  readonly python: string;
}

export interface PythonUnavailable {
  /** Why, in one line, for `t.skip`. */
  readonly unavailable: string;
}

let found: Promise<PythonPeer | PythonUnavailable> | undefined;

/**
 * The reference program, in a virtual environment that is made when it is first asked for and then kept. Where there is
 * no Python, no openssl or no way to the package index, the answer is the reason, after 20 seconds at most.
 */
export function findPython(): Promise<PythonPeer | PythonUnavailable> {
  found ??= makeEnvironment();
  return found;
}

async function makeEnvironment(): Promise<PythonPeer | PythonUnavailable> {
  // Made beside its place, then moved there at one stroke: another test file may be doing the same right now.
  const draft = join(ENVIRONMENTS, `draft-${process.pid}`);
  try {
    await step('openssl, with which Python makes its certificates', 'openssl', ['version'], VENV_TIMEOUT_MS);
    if (!existsSync(ENVIRONMENT)) {
      mkdirSync(ENVIRONMENTS, { recursive: true });
      await step('python3 with its module venv', 'python3', ['-m', 'venv', draft], VENV_TIMEOUT_MS);
      const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--timeout', '10'];
      await step(
        `way to get ${PACKAGE} ${VERSION} from the package index`,
        interpreter(draft),
        [...pip, '--disable-pip-version-check', `${PACKAGE}==${VERSION}`],
        PIP_TIMEOUT_MS,
      );
      moveToPlace(draft);
    }
    await step(
      `${PACKAGE} ${VERSION}`,
      interpreter(ENVIRONMENT),
      ['-c', `import ${PACKAGE}`],
      VENV_TIMEOUT_MS,
    );
    return { python: interpreter(ENVIRONMENT) };
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function interpreter(environment: string): string {
  return join(environment, 'bin', 'python');
}

/** An environment may be moved as long as its `pip` and other scripts are not called by name. */
function moveToPlace(draft: string): void {
  try {
    renameSync(draft, ENVIRONMENT);
  } catch (error) {
    // Somebody else was faster: theirs is as good.
    if (!existsSync(ENVIRONMENT)) throw error;
  }
}

async function step(
  what: string,
  command: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<void> {
  try {
    await run(command, args, { timeout: timeoutMs, killSignal: 'SIGKILL' });
  } catch (error) {
    const { stderr = '', message = '' } = error as { stderr?: string; message?: string };
    const reason = (stderr.trim() || message.trim()).split('\n').at(-1);
    throw new Error(`There is no ${what} here: ${reason}`, { cause: error });
  }
}

/** What the reference chat prints before each line that is typed, and again after each that it shows. */
export const PYTHON_PROMPT = 'aioconnectors>> ';

export interface PythonChatOptions {
  readonly role: 'server' | 'client';
  /** Where a server listens or a client connects. */
  readonly host: string;
  readonly port: number;
  /** Where it stores what it receives: a client here, a server in `chat_client/`. Each chat needs its own. */
  readonly cwd: string;
  /** A server that asks nobody. */
  readonly accept?: boolean;
  /** A client that sends this file or directory and leaves, without a chat. */
  readonly upload?: string;
  /** A shell that runs each line that it receives, and asks nobody. */
  readonly exec?: string;
  readonly columns?: number;
  readonly rows?: number;
}

/**
 * Starts the reference program's chat as a person would, in a terminal. How it behaves (1.6.3):
 *
 * - A server first prints its addresses and port, then its prompt. For each connection it asks
 *   `Accept client ('127.0.0.1', 49506) ? y/n` and reads nothing from it before the line `y`; any other line refuses.
 *   A client isn't told: it prints `Connected !` and its prompt as soon as TLS is up, also when it is refused.
 * - A received line is printed as it is, without a name, behind the prompt, and a new prompt after it. A file shows as
 *   `Receiving <path as the sender typed it>`, after it has been stored: by a client in its working directory, by a
 *   server in `chat_client/` below its own. When there is a file of that name
 *   already, the line is shown all the same, but the new file is dropped and the old one stays.
 * - `!upload` says nothing more than `<path> does not exist`. A directory is zipped beside itself as `<name>.zip`, which
 *   is deleted when the other side has answered; a `<name>.zip` that is already there is sent instead.
 * - `!dezip <path>.zip` unzips into `<path>`, in silence, relative to the working directory: a server's user has to
 *   type `!dezip chat_client/x.zip`.
 * - `!<command>` shows its whole output when it has ended, or only `Command '…' returned non-zero exit status 1.`. A
 *   lone `!` and an empty line go to the other side, where an empty one shows nothing.
 * - `!exit` prints `Connector stopped !` and ends with 0, now and then before it has removed its directory. The other
 *   side is shown nothing at all: a client keeps its prompt and never connects again; a server keeps running, drops
 *   what it is told to send, and asks about the next client.
 * - It binds without SO_REUSEADDR, so a port can't be used again for a minute. When its port is taken it prints a
 *   traceback and hangs.
 */
export function startPythonChat({ python }: PythonPeer, options: PythonChatOptions): PtySession {
  const { role, host, port, cwd, accept = false, upload, exec, columns = 100, rows = 30 } = options;
  const place = role === 'server' ? ['--bind_server_ip', host] : ['--target', host];
  return PtySession.start({
    command: python,
    args: [
      ...['-m', PACKAGE, 'chat', ...place, '--port', String(port)],
      ...(accept ? ['--accept'] : []),
      ...(upload === undefined ? [] : ['--upload', upload]),
      ...(exec === undefined ? [] : ['--exec', exec]),
    ],
    cwd,
    columns,
    rows,
    env: { PYTHONPATH: ISOLATION, PYTHONDONTWRITEBYTECODE: '1' },
  });
}

/** Matches a received line on the screen of a Python chat, which puts it behind one prompt or several. */
export function pythonLine(text: string): RegExp {
  const literally = text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  return new RegExp(`^(${PYTHON_PROMPT})*${literally}$`, 'm');
}

const UNSTALL_MS = 1000;

/**
 * Waits until `receiver` shows what a Python *client* has sent to it, while something is sent to that client once a
 * second. With TLS a client on Python 3.11 (3.8, 3.10, 3.12 and 3.13 are well) may be unable to send until it has
 * received something: it sets the limits of its write buffer to zero, with which each piece that it receives turns
 * `drain()` from free to blocked or back. After 50 s it closes the connection, and what waited is lost. By default a
 * Python server nudges, with Enter: an empty line, which the client doesn't show.
 */
export async function waitForStalling(
  receiver: PtySession,
  wanted: PtyCondition,
  { keepAwake = () => receiver.press('enter'), ...options }: PtyWaitOptions & { keepAwake?: () => void } = {},
): Promise<void> {
  const timer = setInterval(keepAwake, UNSTALL_MS);
  try {
    await receiver.waitFor(wanted, options);
  } finally {
    clearInterval(timer);
  }
}
