import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { AiocError } from '../engine/index.ts';

interface OptionEntry {
  readonly type: 'string' | 'boolean';
  readonly value?: string;
  readonly help: string;
}

/** Every option, in the order in which `--help` shows them. Names keep Python's spelling; `-` works for `_`. */
export const OPTIONS = {
  target: {
    type: 'string',
    value: 'HOST',
    help: 'call the aioc (or Python chat) that listens on HOST; without it, listen',
  },
  port: { type: 'string', value: 'PORT', help: 'the port to listen on, or to call (10673)' },
  bind_server_ip: { type: 'string', value: 'IP', help: 'listen on this address only (0.0.0.0: all)' },
  accept: { type: 'boolean', help: 'let everybody in without asking' },
  name: { type: 'string', value: 'NAME', help: "the name that others are shown (this machine's name)" },
  upload: {
    type: 'string',
    value: 'PATH',
    help: 'with --target: send a file or directory without a screen, then leave',
  },
  received: { type: 'string', value: 'DIR', help: 'where files from others land (~/aioc-received)' },
  no_tls: { type: 'boolean', help: 'no encryption; the other side must do the same' },
  ascii: { type: 'boolean', help: 'draw with ASCII only' },
  help: { type: 'boolean', help: 'show this' },
  version: { type: 'boolean', help: 'show the version' },
} as const satisfies Readonly<Record<string, OptionEntry>>;

const DEFAULT_PORT = 10_673;

export interface ChatSettings {
  readonly role: 'server' | 'client';
  readonly host: string;
  readonly port: number;
  readonly acceptAll: boolean;
  readonly displayName: string;
  readonly receivedDirectory: string | undefined;
  readonly useTls: boolean;
  readonly ascii: boolean;
}

export type Invocation =
  | { readonly mode: 'help' | 'version' }
  | { readonly mode: 'screen'; readonly settings: ChatSettings }
  | { readonly mode: 'upload'; readonly settings: ChatSettings; readonly path: string };

/**
 * Understands a command line.
 *
 * @param words what stands behind the program's name
 * @throws AiocError AIOC_USAGE
 */
export function parseCommandLine(words: readonly string[]): Invocation {
  const { values, positionals } = parse(words);
  if (values['help'] === true) return { mode: 'help' };
  if (values['version'] === true) return { mode: 'version' };
  const [command, ...rest] = positionals;
  if (command !== undefined && command !== 'chat') throw usage(`there is no command "${command}"`);
  if (rest.length > 0) throw usage(`"${rest[0]}" is one word too many`);
  const settings = chatSettings(values);
  const path = text(values, 'upload');
  if (path === undefined) return { mode: 'screen', settings };
  if (settings.role === 'server') throw usage('--upload needs --target: whom shall it be sent to?');
  return { mode: 'upload', settings, path };
}

export function helpText(): string {
  const shown = Object.entries(OPTIONS).map(([name, entry]: [string, OptionEntry]) => {
    const usageText = `--${name}${entry.value === undefined ? '' : ` ${entry.value}`}`;
    return `  ${usageText.padEnd(22)}${entry.help}`;
  });
  return [
    'aioc: a secure, persistent message queue between machines that you can see and talk through',
    '',
    'Usage',
    '  aioc [options]                 listen, and watch and talk on a full screen',
    '  aioc --target HOST [options]   call a machine on which aioc listens',
    '  aioc chat …                    the same, by its Python name',
    '',
    'Options',
    ...shown,
    '',
    'Exit codes: 0 done, 1 it did not work out, 2 the command line or place cannot work, 3 the other side said no.',
  ].join('\n');
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

function parse(words: readonly string[]): { values: Values; positionals: readonly string[] } {
  // `--bind-server-ip` and `--bind_server_ip` are the same option; the part behind `=` is left alone.
  const args = words.map((word) =>
    word.replace(/^--[^=]+/, (name) => `--${name.slice(2).replaceAll('-', '_')}`),
  );
  const options = Object.fromEntries(Object.entries(OPTIONS).map(([name, { type }]) => [name, { type }]));
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true }) as ReturnType<typeof parse>;
  } catch (error) {
    // Node adds advice about `--` that is of no use here.
    throw usage((error as Error).message.split(/\. To specify|\n/)[0] ?? '');
  }
}

function chatSettings(values: Values): ChatSettings {
  const target = text(values, 'target');
  const bound = text(values, 'bind_server_ip');
  if (target !== undefined && bound !== undefined)
    throw usage('--bind_server_ip is for listening, --target for calling');
  if (target !== undefined && values['accept'] === true)
    throw usage('--accept is for listening, --target for calling');
  return {
    role: target === undefined ? 'server' : 'client',
    host: target ?? bound ?? '0.0.0.0',
    port: portOf(text(values, 'port')),
    acceptAll: values['accept'] === true,
    displayName: nameOf(text(values, 'name')),
    receivedDirectory: text(values, 'received'),
    useTls: values['no_tls'] !== true,
    ascii: values['ascii'] === true,
  };
}

function text(values: Values, name: keyof typeof OPTIONS): string | undefined {
  const value = values[name];
  if (value === '') throw usage(`--${name} is empty`);
  return typeof value === 'string' ? value : undefined;
}

function portOf(value: string | undefined): number {
  if (value === undefined) return DEFAULT_PORT;
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65_535)
    throw usage(`--port takes 1 to 65535, not "${value}"`);
  return port;
}

const NAME_LENGTH_MAX = 64;

function nameOf(value: string | undefined): string {
  if (value === undefined) return hostname().slice(0, NAME_LENGTH_MAX) || 'aioc';
  if (value.length > NAME_LENGTH_MAX || /[\x00-\x1f\x7f-\x9f]/.test(value)) {
    throw usage(`--name takes up to ${NAME_LENGTH_MAX} printable characters`);
  }
  return value;
}

function usage(what: string): AiocError {
  return new AiocError('AIOC_USAGE', `${what} (aioc --help shows what there is)`);
}
