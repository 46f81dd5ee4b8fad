import { hostname, networkInterfaces } from 'node:os';
import { isAbsolute } from 'node:path';
import { parseArgs } from 'node:util';
import { readHost, scopeFault } from '../engine/base/addresses.ts';
import { AiocError } from '../engine/base/errors.ts';
import { COMMANDS, type CommandName } from './command-table.ts';
import {
  atMostOne,
  type CertificateListOptions,
  type ConnectorWhere,
  certificateList,
  type RevokeOptions,
  revocation,
  type ShellInviteOptions,
  shellInvite,
} from './commands/certificate-arguments.ts';
import { type ChatForgetOptions, chatForget } from './commands/chat-forget-arguments.ts';
import { type FilesOptions, filesOptions } from './commands/files-arguments.ts';
import type { KnownOptions } from './commands/known.ts';
import {
  type AttachOptions,
  howMany,
  type ScreenLook,
  type ShellListenOptions,
  type ShellSendOptions,
  screenLook,
  shellListen,
  shellSend,
  text,
  toWhom,
  unexpected,
  usage,
  type Values,
  where,
} from './commands/send-arguments.ts';
import {
  type QueuesOptions,
  queuesOptions,
  type TailOptions,
  type TopOptions,
  tailOptions,
  topOptions,
} from './commands/watch-arguments.ts';
import { DEFAULT_PORT, OPTIONS, type OptionEntry } from './option-table.ts';
import { refuseWhatOnlyPythonHas, withPythonsSpelling } from './python-spelling.ts';

export interface ChatSettings {
  readonly role: 'server' | 'client';
  readonly host: string;
  readonly port: number;
  readonly acceptAll: boolean;
  readonly displayName: string;
  readonly receivedDirectory: string | undefined;
  readonly useTls: boolean;
  /** A shell for lines of peers, each after a yes. */
  readonly exec?: string;
  /** Nothing of what is said is kept, or read. */
  readonly keepsNothing: boolean;
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
  | { readonly mode: 'help'; readonly command?: CommandName }
  | { readonly mode: 'version' }
  | { readonly mode: 'templates' }
  | ({ readonly mode: 'screen'; readonly subject: ScreenSubject } & ScreenLook)
  | { readonly mode: 'upload'; readonly settings: ChatSettings; readonly path: string }
  | { readonly mode: 'headless' | 'config-check' | 'receive'; readonly file: string }
  | { readonly mode: 'ping'; readonly file: string; readonly to?: string }
  | { readonly mode: 'test-send'; readonly file: string; readonly to?: string; readonly count?: number }
  | ({ readonly mode: 'send' } & ShellSendOptions)
  | ({ readonly mode: 'files' } & FilesOptions)
  | ({ readonly mode: 'tail' } & TailOptions)
  | ({ readonly mode: 'top' } & TopOptions)
  | ({ readonly mode: 'queues' } & QueuesOptions)
  | ({ readonly mode: 'known' } & KnownOptions)
  | ({ readonly mode: 'chat-forget' } & ChatForgetOptions)
  | ({ readonly mode: 'listen' } & ShellListenOptions)
  | ({ readonly mode: 'attach' } & AttachOptions)
  | { readonly mode: 'certificates'; readonly directory?: string }
  | { readonly mode: 'certificates-repair'; readonly directory: string; readonly isDryRun: boolean }
  | ({ readonly mode: 'certificates-list' } & CertificateListOptions)
  | ({ readonly mode: 'certificates-revoke' } & RevokeOptions)
  | ({ readonly mode: 'certificates-renew' } & ConnectorWhere)
  | ({ readonly mode: 'invite' } & ShellInviteOptions)
  | { readonly mode: 'join'; readonly code: string; readonly directory?: string }
  | ({ readonly mode: 'log' } & LogOptions)
  | { readonly mode: 'status'; readonly directories: readonly string[]; readonly json: boolean }
  | {
      readonly mode: 'cli';
      readonly words: readonly string[];
      readonly directories: readonly string[];
      readonly json: boolean;
    };

/**
 * Parses a command line.
 *
 * @param words the arguments after the program's name
 * @throws AiocError AIOC_USAGE, with the help to look at
 */
export function parseCommandLine(words: readonly string[]): Invocation {
  try {
    return checkedExec(words, checkedReadOnly(words, invocationOf(words)));
  } catch (error) {
    if (!(error instanceof AiocError && error.code === 'AIOC_USAGE')) throw error;
    const command = commandNamed(words[0]);
    const help = command === undefined ? 'aioc --help' : `aioc ${command} --help`;
    throw new AiocError('AIOC_USAGE', `${error.message}; see ${help}`, { cause: error });
  }
}

function invocationOf(words: readonly string[]): Invocation {
  refuseWhatOnlyPythonHas(words);
  const { values, positionals } = parse(withPythonsSpelling(words));
  if (values['help'] === true) return helpInvocation(positionals[0]);
  if (values['version'] === true) return { mode: 'version' };
  const headless = text(values, 'headless');
  if (headless !== undefined)
    return { mode: 'headless', file: only([headless, ...positionals], 'configuration file') };
  const [first, ...rest] = positionals;
  if (first === undefined) return chatInvocation(values);
  const command = commandNamed(first);
  if (command !== undefined) return commandInvocation(command, rest, values);
  if (first.endsWith('.json')) {
    const file = only(positionals, 'configuration file');
    return { mode: 'screen', subject: { kind: 'connector', file }, ...screenLook(values) };
  }
  throw usage(`unknown command "${first}" (configuration files end in .json)`);
}

/** Where it would have no effect, `--read-only` must not look as if it had one. */
function checkedReadOnly(words: readonly string[], invocation: Invocation): Invocation {
  const isAsked = words.some((word) => /^--read[-_]only$/.test(word));
  if (!isAsked || ('isReadOnly' in invocation && invocation.isReadOnly)) return invocation;
  if (invocation.mode === 'help') return invocation;
  throw usage('--read-only works with "aioc attach" and "aioc FILE.json" only');
}

/** Only a chat with a screen can ask its user; nothing else runs commands of peers. */
function checkedExec(words: readonly string[], invocation: Invocation): Invocation {
  const isAsked = words.some((word) => /^--exec(=|$)/.test(word));
  const isChat = invocation.mode === 'screen' && invocation.subject.kind === 'chat';
  if (!isAsked || isChat || invocation.mode === 'help' || invocation.mode === 'version') return invocation;
  throw usage('--exec works with the chat only: nothing else that aioc does runs commands of peers');
}

function commandNamed(word: string | undefined): CommandName | undefined {
  const name = word?.replaceAll('-', '_') ?? '';
  return Object.hasOwn(COMMANDS, name) ? (name as CommandName) : undefined;
}

function helpInvocation(word: string | undefined): Invocation {
  const command = commandNamed(word);
  return command === undefined ? { mode: 'help' } : { mode: 'help', command };
}

function commandInvocation(command: CommandName, rest: readonly string[], values: Values): Invocation {
  const directories = [text(values, 'connector_files_dirpath') ?? []].flat();
  const json = values['json'] === true;
  switch (command) {
    case 'chat':
      if (rest[0] === 'forget') return { mode: 'chat-forget', ...chatForget(rest.slice(1), values) };
      if (rest[0] !== undefined) throw unexpected(rest[0]);
      return chatInvocation(values);
    case 'create_connector':
      return { mode: 'headless', file: only(rest, 'configuration file') };
    case 'create_certificates':
      return { mode: 'certificates', ...(rest.length > 0 && { directory: only(rest, 'directory') }) };
    case 'certificates':
      return certificatesInvocation(rest, values);
    case 'invite':
      return { mode: 'invite', ...shellInvite(rest, values) };
    case 'join':
      return joinInvocation(rest);
    case 'config':
      if (rest[0] !== 'check') throw usage('usage: aioc config check FILE');
      return { mode: 'config-check', file: only(rest.slice(1), 'configuration file') };
    case 'print_config_templates':
      return { mode: 'templates' };
    case 'status':
      return { mode: 'status', directories, json };
    case 'cli':
      return { mode: 'cli', words: rest, directories, json };
    case 'attach':
      if (rest[1] !== undefined) throw unexpected(rest[1]);
      return { mode: 'attach', ...where(rest[0], values), ...screenLook(values) };
    case 'send':
      return { mode: 'send', ...shellSend(rest, values) };
    case 'known':
      return knownInvocation(rest, json);
    case 'files':
      return { mode: 'files', ...filesOptions(rest, values) };
    case 'tail':
      return { mode: 'tail', ...tailOptions(rest, values) };
    case 'top':
      return { mode: 'top', ...topOptions(rest, values) };
    case 'queues':
      return { mode: 'queues', ...queuesOptions(rest, values) };
    case 'listen':
      return { mode: 'listen', ...shellListen(rest, values) };
    case 'log':
      return { mode: 'log', ...logOptions(rest, json) };
    case 'ping':
      return { mode: 'ping', file: only(rest, 'configuration file'), ...toWhom(values) };
    case 'test_receive_messages':
      return { mode: 'receive', file: only(rest, 'configuration file') };
    case 'test_send_messages':
      return sendInvocation(only(rest, 'configuration file'), values);
  }
}

function knownInvocation([what, ...rest]: readonly string[], json: boolean): Invocation {
  if (what === 'forget') return { mode: 'known', action: 'forget', what: only(rest, 'name or address') };
  if (what !== 'list' && what !== undefined) throw usage('usage: aioc known list|forget …');
  if (rest[0] !== undefined) throw unexpected(rest[0]);
  return { mode: 'known', action: 'list', json };
}

function certificatesInvocation([what, ...rest]: readonly string[], values: Values): Invocation {
  switch (what) {
    case 'list':
      return { mode: 'certificates-list', ...certificateList(rest, values) };
    case 'revoke':
      return { mode: 'certificates-revoke', ...revocation(rest, values) };
    case 'renew':
      return { mode: 'certificates-renew', ...where(atMostOne(rest), values) };
    case 'repair':
      return {
        mode: 'certificates-repair',
        directory: only(rest, 'certificates directory'),
        isDryRun: values['dry_run'] === true,
      };
    default:
      throw usage('usage: aioc certificates list|revoke|renew|repair …');
  }
}

function joinInvocation([code, directory, extra]: readonly string[]): Invocation {
  if (code === undefined) throw usage('missing argument: the code that aioc invite has printed');
  if (extra !== undefined) throw unexpected(extra);
  return { mode: 'join', code, ...(directory !== undefined && { directory }) };
}

function sendInvocation(file: string, values: Values): Invocation {
  return { mode: 'test-send', file, ...toWhom(values), ...howMany(values) };
}

function logOptions([what, ...rest]: readonly string[], json: boolean): LogOptions {
  const most = what === 'verify' ? 1 : 2;
  if (what !== 'verify' && what !== 'show' && what !== 'export')
    throw usage('usage: aioc log verify|show|export DIR [STREAM]');
  const extra = rest[most];
  if (extra !== undefined) throw unexpected(extra);
  const [directory, stream] = rest;
  if (directory === undefined) throw usage('missing argument: journal directory');
  if (what === 'export' && stream === undefined)
    throw usage('missing argument: stream (aioc log show DIR lists them)');
  return { what, directory, json, ...(stream !== undefined && { stream }) };
}

function chatInvocation(values: Values): Invocation {
  const settings = chatSettings(values);
  const path = text(values, 'upload');
  if (path === undefined)
    return {
      mode: 'screen',
      subject: { kind: 'chat', settings },
      ...screenLook(values),
      isReadOnly: false,
    };
  if (settings.exec !== undefined) throw usage('--exec and --upload cannot be used together');
  if (settings.role === 'server') throw usage('--upload needs --target HOST, the aioc to send the file to');
  return { mode: 'upload', settings, path };
}

function only(words: readonly string[], what: string): string {
  const [word, extra] = words;
  if (word === undefined) throw usage(`missing argument: ${what}`);
  if (extra !== undefined) throw unexpected(extra);
  return word;
}

function parse(words: readonly string[]): { values: Values; positionals: readonly string[] } {
  // `--bind-server-ip` and `--bind_server_ip` are the same option; the value after `=` stays as it is.
  const args = words.map((word) =>
    word.replace(/^--[^=]+/, (name) => `--${name.slice(2).replaceAll('-', '_')}`),
  );
  const options = Object.fromEntries(
    Object.entries<OptionEntry>(OPTIONS).map(([name, { type, isRepeated = false }]) => [
      name,
      { type, multiple: isRepeated },
    ]),
  );
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true }) as ReturnType<typeof parse>;
  } catch (error) {
    // Node adds advice about `--` that does not help here.
    const [message = ''] = (error as Error).message.split(/\. To specify|\n/);
    throw usage(message.replace(/^[UO]/, (letter) => letter.toLowerCase()));
  }
}

function chatSettings(values: Values): ChatSettings {
  const target = text(values, 'target');
  const bound = text(values, 'bind_server_ip');
  if (target !== undefined && bound !== undefined)
    throw usage(
      '--bind_server_ip and --target cannot be used together: the first listens, the second connects',
    );
  if (target !== undefined && values['accept'] === true)
    throw usage(
      '--accept and --target cannot be used together: the first is for listening, the second connects',
    );
  return {
    role: target === undefined ? 'server' : 'client',
    ...addressOf(values, target === undefined ? 'bind_server_ip' : 'target'),
    acceptAll: values['accept'] === true,
    displayName: nameOf(text(values, 'name')),
    receivedDirectory: text(values, 'received'),
    useTls: values['no_tls'] !== true,
    ...execOption(values),
    keepsNothing: values['no_history'] === true,
  };
}

function execOption(values: Values): { readonly exec?: string } {
  const exec = text(values, 'exec');
  if (exec === undefined) return {};
  if (!isAbsolute(exec)) throw usage(`--exec takes the path of a program such as /bin/sh, not "${exec}"`);
  return { exec };
}

/** The address to listen on or to connect to; its port is part of it or in --port. */
function addressOf(values: Values, option: 'target' | 'bind_server_ip'): { host: string; port: number } {
  const written = text(values, option);
  const port = text(values, 'port');
  if (written === undefined) return { host: '0.0.0.0', port: portOf(port) };
  const read = readHost(written);
  const fault = 'fault' in read ? read.fault : scopeFault(read.host, networkInterfaces());
  if ('fault' in read || fault !== undefined) throw usage(`--${option}: ${fault}`);
  if (read.port === undefined) return { host: read.host, port: portOf(port) };
  if (port !== undefined && portOf(port) !== read.port)
    throw usage(`--${option} and --port give different ports: ${read.port} and ${port}`);
  return { host: read.host, port: read.port };
}

function portOf(value: string | undefined): number {
  if (value === undefined) return DEFAULT_PORT;
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65_535)
    throw usage(`--port takes a number from 1 to 65535, not "${value}"`);
  return port;
}

const NAME_LENGTH_MAX = 64;

function nameOf(value: string | undefined): string {
  if (value === undefined) return hostname().slice(0, NAME_LENGTH_MAX) || 'aioc';
  if (value.length > NAME_LENGTH_MAX || /[\x00-\x1f\x7f-\x9f]/.test(value)) {
    throw usage(`--name takes at most ${NAME_LENGTH_MAX} printable characters`);
  }
  return value;
}
