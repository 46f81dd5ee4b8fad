import { hostname, networkInterfaces } from 'node:os';
import { parseArgs } from 'node:util';
import { readHost, scopeFault } from '../engine/index.ts';
import { COMMANDS, type CommandName, DEFAULT_PORT, OPTIONS } from './command-table.ts';
import {
  type AttachOptions,
  howMany,
  type ShellListenOptions,
  type ShellSendOptions,
  shellListen,
  shellSend,
  text,
  toWhom,
  usage,
  type Values,
  where,
} from './commands/send-arguments.ts';
import { refuseWhatOnlyPythonHas, withPythonsSpelling } from './python-spelling.ts';

export interface ChatSettings {
  readonly role: 'server' | 'client';
  readonly host: string;
  readonly port: number;
  readonly acceptAll: boolean;
  readonly displayName: string;
  readonly receivedDirectory: string | undefined;
  readonly useTls: boolean;
}

export interface LogOptions {
  readonly what: 'verify' | 'show' | 'export';
  readonly directory: string;
  readonly stream?: string;
  readonly json: boolean;
}

/** What a screen shows: the chat, or a connector from a configuration file. */
export type ScreenSubject =
  | { readonly kind: 'chat'; readonly settings: ChatSettings }
  | { readonly kind: 'connector'; readonly file: string };

export type Invocation =
  | { readonly mode: 'help' | 'version' | 'templates' }
  | { readonly mode: 'screen'; readonly subject: ScreenSubject; readonly ascii: boolean }
  | { readonly mode: 'upload'; readonly settings: ChatSettings; readonly path: string }
  | { readonly mode: 'headless' | 'config-check' | 'receive'; readonly file: string }
  | { readonly mode: 'ping'; readonly file: string; readonly to?: string }
  | { readonly mode: 'test-send'; readonly file: string; readonly to?: string; readonly count?: number }
  | ({ readonly mode: 'send' } & ShellSendOptions)
  | ({ readonly mode: 'listen' } & ShellListenOptions)
  | ({ readonly mode: 'attach' } & AttachOptions)
  | { readonly mode: 'certificates'; readonly directory?: string }
  | { readonly mode: 'certificates-repair'; readonly directory: string; readonly isDryRun: boolean }
  | ({ readonly mode: 'log' } & LogOptions)
  | { readonly mode: 'status'; readonly directories: readonly string[]; readonly json: boolean }
  | {
      readonly mode: 'cli';
      readonly words: readonly string[];
      readonly directories: readonly string[];
      readonly json: boolean;
    };

/**
 * Understands a command line.
 *
 * @param words what stands behind the program's name
 * @throws AiocError AIOC_USAGE
 */
export function parseCommandLine(words: readonly string[]): Invocation {
  refuseWhatOnlyPythonHas(words);
  const { values, positionals } = parse(withPythonsSpelling(words));
  if (values['help'] === true) return { mode: 'help' };
  if (values['version'] === true) return { mode: 'version' };
  const headless = text(values, 'headless');
  if (headless !== undefined)
    return { mode: 'headless', file: only([headless, ...positionals], 'a configuration file') };
  const [first, ...rest] = positionals;
  if (first === undefined) return chatInvocation(values);
  const command = first.replaceAll('-', '_');
  if (Object.hasOwn(COMMANDS, command)) return commandInvocation(command as CommandName, rest, values);
  if (first.endsWith('.json')) {
    const file = only(positionals, 'a configuration file');
    return { mode: 'screen', subject: { kind: 'connector', file }, ascii: values['ascii'] === true };
  }
  throw usage(`there is no command "${first}" (a configuration file ends in .json)`);
}

function commandInvocation(command: CommandName, rest: readonly string[], values: Values): Invocation {
  const directories = [text(values, 'connector_files_dirpath') ?? []].flat();
  const json = values['json'] === true;
  switch (command) {
    case 'chat':
      if (rest[0] !== undefined) throw usage(`"${rest[0]}" is one word too many`);
      return chatInvocation(values);
    case 'create_connector':
      return { mode: 'headless', file: only(rest, 'a configuration file') };
    case 'create_certificates':
      return { mode: 'certificates', ...(rest.length > 0 && { directory: only(rest, 'a directory') }) };
    case 'certificates':
      if (rest[0] !== 'repair') throw usage('aioc certificates repair DIR [--dry_run]');
      return {
        mode: 'certificates-repair',
        directory: only(rest.slice(1), 'a certificates directory'),
        isDryRun: values['dry_run'] === true,
      };
    case 'config':
      if (rest[0] !== 'check') throw usage('aioc config check FILE');
      return { mode: 'config-check', file: only(rest.slice(1), 'a configuration file') };
    case 'print_config_templates':
      return { mode: 'templates' };
    case 'status':
      return { mode: 'status', directories, json };
    case 'cli':
      return { mode: 'cli', words: rest, directories, json };
    case 'attach':
      if (rest[1] !== undefined) throw usage(`"${rest[1]}" is one word too many`);
      return { mode: 'attach', ...where(rest[0], values), ascii: values['ascii'] === true };
    case 'send':
      return { mode: 'send', ...shellSend(rest, values) };
    case 'listen':
      return { mode: 'listen', ...shellListen(rest, values) };
    case 'log':
      return { mode: 'log', ...logOptions(rest, json) };
    case 'ping':
      return { mode: 'ping', file: only(rest, 'a configuration file'), ...toWhom(values) };
    case 'test_receive_messages':
      return { mode: 'receive', file: only(rest, 'a configuration file') };
    case 'test_send_messages':
      return sendInvocation(only(rest, 'a configuration file'), values);
  }
}

function sendInvocation(file: string, values: Values): Invocation {
  return { mode: 'test-send', file, ...toWhom(values), ...howMany(values) };
}

function logOptions([what, ...rest]: readonly string[], json: boolean): LogOptions {
  const most = what === 'verify' ? 1 : 2;
  if (what !== 'verify' && what !== 'show' && what !== 'export')
    throw usage('aioc log verify|show|export DIR [STREAM]');
  if (rest.length > most) throw usage(`"${rest[most]}" is one word too many`);
  const [directory, stream] = rest;
  if (directory === undefined) throw usage('the directory of a journal is missing');
  if (what === 'export' && stream === undefined) throw usage('which stream? aioc log show DIR lists them');
  return { what, directory, json, ...(stream !== undefined && { stream }) };
}

function chatInvocation(values: Values): Invocation {
  const settings = chatSettings(values);
  const path = text(values, 'upload');
  if (path === undefined)
    return { mode: 'screen', subject: { kind: 'chat', settings }, ascii: values['ascii'] === true };
  if (settings.role === 'server') throw usage('--upload needs --target: whom shall it be sent to?');
  return { mode: 'upload', settings, path };
}

function only(words: readonly string[], what: string): string {
  const [word, extra] = words;
  if (word === undefined) throw usage(`${what} is missing`);
  if (extra !== undefined) throw usage(`"${extra}" is one word too many`);
  return word;
}

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
    ...addressOf(values, target === undefined ? 'bind_server_ip' : 'target'),
    acceptAll: values['accept'] === true,
    displayName: nameOf(text(values, 'name')),
    receivedDirectory: text(values, 'received'),
    useTls: values['no_tls'] !== true,
  };
}

/** Where to listen, or whom to call: a host with its port behind it or in --port. */
function addressOf(values: Values, option: 'target' | 'bind_server_ip'): { host: string; port: number } {
  const written = text(values, option);
  const port = text(values, 'port');
  if (written === undefined) return { host: '0.0.0.0', port: portOf(port) };
  const read = readHost(written);
  const fault = 'fault' in read ? read.fault : scopeFault(read.host, networkInterfaces());
  if ('fault' in read || fault !== undefined) throw usage(`--${option}: ${fault}`);
  if (read.port === undefined) return { host: read.host, port: portOf(port) };
  if (port !== undefined && portOf(port) !== read.port)
    throw usage(`--${option} and --port name two ports: ${read.port} and ${port}`);
  return { host: read.host, port: read.port };
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
