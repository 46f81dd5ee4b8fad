/** What the command line can say; the help and the tables of source/README.md are made from this. */
interface OptionEntry {
  readonly type: 'string' | 'boolean';
  readonly value?: string;
  readonly help: string;
}

export const DEFAULT_PORT = 10_673;

/** Every option, in the order in which `--help` shows them. Names keep Python's spelling; `-` works for `_`. */
export const OPTIONS = {
  target: {
    type: 'string',
    value: 'HOST',
    help: 'call the aioc (or Python chat) that listens on HOST, HOST:PORT or [ADDRESS]:PORT; without it, listen',
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
  nowrap: { type: 'boolean', help: 'no effect: Python’s chat turns off its line editor with it' },
  headless: {
    type: 'string',
    value: 'FILE',
    help: 'run the connector of a configuration file without a screen',
  },
  json: {
    type: 'boolean',
    help: 'with status, cli and log: answer in JSON; with send: each line of the input is a message in JSON',
  },
  type: {
    type: 'string',
    value: 'TYPE',
    help: 'with send and listen: the message type (listen: several, with commas)',
  },
  file: { type: 'string', value: 'PATH', help: 'with send: a file that goes along' },
  dst_type: {
    type: 'string',
    value: 'TYPE',
    help: 'with --file: a key of the receiver’s file_recv_config (any)',
  },
  dst_name: { type: 'string', value: 'NAME', help: 'with --file: its name there' },
  delete: { type: 'boolean', help: 'with --file: it is deleted here once it is sent' },
  binary: { type: 'string', value: 'PATH', help: 'with send: the bytes of this file go beside the text' },
  await_response: { type: 'boolean', help: 'with send: wait for each response and print it' },
  timeout: { type: 'string', value: 'SECONDS', help: 'with --await_response: how long to wait (3600)' },
  raw: { type: 'boolean', help: 'with listen: print the text only' },
  reply: { type: 'string', value: 'TEXT', help: 'with listen: answer each request with this' },
  connector_files_dirpath: {
    type: 'string',
    value: 'DIR',
    help: 'with status, cli, attach, send and listen: where to look for connectors (/tmp/ and /var/tmp/aioconnectors)',
  },
  to: {
    type: 'string',
    value: 'NAME',
    help: 'with send, ping and test_send_messages on a server: which client',
  },
  count: { type: 'string', value: 'N', help: 'with listen and test_send_messages: how many (until Ctrl-C)' },
  dry_run: { type: 'boolean', help: 'with certificates repair: say what would be done, and do nothing' },
  help: { type: 'boolean', help: 'show this' },
  version: { type: 'boolean', help: 'show the version' },
} as const satisfies Readonly<Record<string, OptionEntry>>;

export type OptionName = keyof typeof OPTIONS;

/** Every command, with Python's names; `-` works for `_`. */
export const COMMANDS = {
  chat: { takes: '[options]', help: 'the full screen, listening or calling: the same as without a command' },
  create_certificates: { takes: '[DIR]', help: 'make a certificates directory for a server and its clients' },
  certificates: {
    takes: 'repair DIR [--dry_run]',
    help: 'put a copied certificates directory right: links that have become files, modes of keys',
  },
  create_connector: { takes: 'FILE', help: 'run a connector without a screen: the same as --headless FILE' },
  print_config_templates: { takes: '', help: 'show all keys of configuration files, with their defaults' },
  config: { takes: 'check FILE', help: 'say whether a configuration file is fine' },
  status: { takes: '[--json]', help: 'the connectors of this machine, their peers and queues' },
  cli: { takes: '[CONNECTOR|FILE [COMMAND …]]', help: 'ask a running connector to do something' },
  attach: {
    takes: '[CONNECTOR|FILE]',
    help: 'the full screen on a connector that runs already; q leaves it running',
  },
  send: {
    takes: '[CONNECTOR|FILE [TEXT]]',
    help: 'send a message, or one for each line of the input',
  },
  listen: { takes: '[CONNECTOR|FILE]', help: 'print each message that comes, a line of JSON each' },
  log: {
    takes: 'verify|show|export DIR [STREAM]',
    help: 'look into the journal of a connector that does not run',
  },
  ping: { takes: 'FILE [--to NAME]', help: 'ask the peer of a connector for a sign of life' },
  test_receive_messages: { takes: 'FILE', help: 'show the messages that a connector brings' },
  test_send_messages: { takes: 'FILE [--to NAME]', help: 'send a numbered message each second' },
} as const satisfies Readonly<Record<string, { readonly takes: string; readonly help: string }>>;

export type CommandName = keyof typeof COMMANDS;

export function helpText(): string {
  const options = Object.entries(OPTIONS).map(([name, entry]: [string, OptionEntry]) =>
    line(`--${name}${entry.value === undefined ? '' : ` ${entry.value}`}`, entry.help),
  );
  const commands = Object.entries(COMMANDS).map(([name, { takes, help }]) => line(`${name} ${takes}`, help));
  return [
    'aioc: a secure, persistent message queue between machines that you can see and talk through',
    '',
    'Usage',
    '  aioc [options]                 listen, and watch and talk on a full screen',
    '  aioc --target HOST [options]   call a machine on which aioc listens',
    '  aioc FILE.json                 run the connector of a configuration file, and watch it',
    '  aioc --headless FILE.json      the same without a screen',
    '  aioc COMMAND …',
    '',
    'Commands',
    ...commands,
    '',
    'Options',
    ...options,
    '',
    'Exit codes: 0 done, 1 it did not work out, 2 the command line or place cannot work, 3 the other side said no.',
  ].join('\n');
}

const COLUMN = 34;

function line(what: string, help: string): string {
  const start = `  ${what}`.trimEnd();
  return start.length < COLUMN - 1
    ? `${start.padEnd(COLUMN)}${help}`
    : `${start}\n${' '.repeat(COLUMN)}${help}`;
}
