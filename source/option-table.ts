/** The options of the command line. The help and the tables of the pages are generated from this. */
export interface OptionEntry {
  readonly type: 'string' | 'boolean';
  readonly value?: string;
  /** It can be given several times. */
  readonly isRepeated?: true;
  /** What it does; a command for which it does something else says so in its own table of options. */
  readonly help: string;
}

export const DEFAULT_PORT = 10_673;

/** Every option, in the order in which the help shows them. Names keep Python's spelling; `-` works for `_`. */
export const OPTIONS = {
  target: {
    type: 'string',
    value: 'HOST',
    help: 'connect to aioc (or the Python chat) at HOST, HOST:PORT or [ADDRESS]:PORT; without it, listen',
  },
  port: { type: 'string', value: 'PORT', help: 'port to listen on or to connect to (default 10673)' },
  bind_server_ip: {
    type: 'string',
    value: 'IP',
    help: 'listen on this address only (default 0.0.0.0: all addresses)',
  },
  accept: { type: 'boolean', help: 'accept every client without asking' },
  name: { type: 'string', value: 'NAME', help: "name shown to peers (default: this machine's name)" },
  upload: {
    type: 'string',
    value: 'PATH',
    help: 'with --target: send a file or directory without a screen, then exit',
  },
  exec: {
    type: 'string',
    value: 'SHELL',
    help: 'run lines of peers in SHELL, such as /bin/sh: each only after your yes on the screen, which shows it',
  },
  received: { type: 'string', value: 'DIR', help: 'directory for received files (default ~/aioc-received)' },
  no_tls: { type: 'boolean', help: 'do not encrypt; the peer must do the same' },
  no_history: { type: 'boolean', help: 'keep nothing of what is said for the next start, and read nothing' },
  yes: { type: 'boolean', help: 'with forget: do not ask' },
  ascii: { type: 'boolean', help: 'draw with ASCII characters only' },
  mouse: { type: 'boolean', help: 'scroll with the wheel and select with a click; M turns it off' },
  theme: {
    type: 'string',
    value: 'NAME',
    help: 'colours: auto (as the background of the terminal; default), dark, light, high-contrast, colour-blind; T changes them',
  },
  screen_reader: {
    type: 'boolean',
    help: 'lines for a screen reader instead of a screen: what changes is said, R and W read out (also AIOC_SCREEN_READER=1)',
  },
  read_only: {
    type: 'boolean',
    help: 'show everything, and change nothing: the connector refuses every command of this screen',
  },
  nowrap: { type: 'boolean', help: 'Tab does not complete in the chat line' },
  headless: {
    type: 'string',
    value: 'FILE',
    help: 'run the connector of a configuration file without a screen',
  },
  json: { type: 'boolean', help: 'print JSON' },
  type: { type: 'string', value: 'TYPE', help: 'message type (default any)' },
  file: {
    type: 'string',
    isRepeated: true,
    value: 'PATH',
    help: 'send this file or directory; repeat it for several; - for the standard input',
  },
  dst_type: {
    type: 'string',
    value: 'TYPE',
    help: "with --file: a key of the receiver's file_recv_config (default any)",
  },
  dst_name: { type: 'string', value: 'NAME', help: 'with --file: name of the file at the receiver' },
  delete: { type: 'boolean', help: 'with --file: delete the local file after sending' },
  no_wait: { type: 'boolean', help: 'with --file: do not wait until the peer has it' },
  cancel: { type: 'string', value: 'ID', help: 'stop a transfer, and tell the other side' },
  clean: { type: 'boolean', help: 'delete partial files of which the peer has not sent the rest' },
  older: {
    type: 'string',
    value: 'HOURS',
    help: 'with --clean: those to which nothing was added for so long (default 168)',
  },
  binary: { type: 'string', value: 'PATH', help: "send this file's bytes as the binary part" },
  await_response: { type: 'boolean', help: 'wait for each response and print it as a line of JSON' },
  timeout: {
    type: 'string',
    value: 'SECONDS',
    help: 'with --await_response: how long to wait (default 3600)',
  },
  filter: {
    type: 'string',
    value: 'FILTER',
    help: 'only rows that it finds: words, peer:NAME, type:TYPE, level:warning,error, /expression/, !inverse',
  },
  raw: { type: 'boolean', help: 'print the text of each message only, no JSON' },
  reply: { type: 'string', value: 'TEXT', help: 'answer each request with TEXT' },
  connector_files_dirpath: {
    type: 'string',
    value: 'DIR',
    help: 'where to look for connectors (default: /tmp/aioconnectors and /var/tmp/aioconnectors)',
  },
  to: { type: 'string', value: 'NAME', help: 'on a server: the client to send to' },
  count: { type: 'string', value: 'N', help: 'exit after N messages (default: run until Ctrl-C)' },
  hours: { type: 'string', value: 'N', help: 'how long the invitation is valid (default 24, at most 720)' },
  address: {
    type: 'string',
    value: 'HOST',
    help: "the server's address as the client reaches it, as HOST or HOST:PORT (default: the address that it listens on)",
  },
  days: { type: 'string', value: 'N', help: 'exit with 1 if a certificate ends within N days (default 30)' },
  dry_run: { type: 'boolean', help: 'only print what needs repair' },
  help: { type: 'boolean', help: 'show this help; after a command, the help of that command' },
  version: { type: 'boolean', help: 'show the version' },
} as const satisfies Readonly<Record<string, OptionEntry>>;

export type OptionName = keyof typeof OPTIONS;

/** What belongs to no command, and works without one. */
export const GENERAL_OPTIONS: readonly OptionName[] = ['headless', 'help', 'version'];
