import type { OptionName } from './option-table.ts';

/** A command of the command line. The help and the pages are generated from this. */
export interface CommandEntry {
  /** The command lines, without `aioc`. */
  readonly usage: readonly string[];
  /** One line of the overview. */
  readonly help: string;
  /** One to three sentences. */
  readonly about: string;
  /** The options that it uses; a text here replaces that of the table of options. */
  readonly options?: Readonly<Partial<Record<OptionName, string | true>>>;
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** What exit codes mean here, where the general meaning says too little. */
  readonly exitCodes?: Readonly<Record<number, string>>;
}

const LOOKED_INTO = { connector_files_dirpath: true } as const;
const CONNECTOR = 'CONNECTOR is a configuration file or a name that aioc status shows';
const WHICH_CONNECTOR = `${CONNECTOR}; you can leave it out if only one connector runs.`;

/** Every command, with Python's names; `-` works for `_`. */
export const COMMANDS = {
  chat: {
    usage: ['chat [OPTIONS]', 'chat --target HOST [OPTIONS]', 'chat forget [NAME] [--yes]'],
    help: 'chat on the full screen (also without the word chat)',
    about:
      'Opens the full screen and listens for peers, or connects to one with --target. With --upload it sends one file without a screen and exits. What is said with a machine that has a certificate is there again after a restart; forget deletes that, of one machine or of all.',
    options: {
      target: true,
      port: true,
      bind_server_ip: true,
      accept: true,
      name: true,
      upload: true,
      received: true,
      no_tls: true,
      no_history: true,
      yes: true,
      ascii: true,
      mouse: true,
      theme: true,
      screen_reader: true,
      nowrap: true,
      exec: true,
    },
    examples: [
      ['aioc chat', 'listen on port 10673'],
      ['aioc chat --target 192.0.2.7', 'connect to the aioc on that machine'],
      ['aioc chat --target 192.0.2.7 --upload report.pdf', 'send a file from a script'],
      ['aioc chat forget ben', 'delete what was said with ben'],
    ],
    exitCodes: {
      0: 'you quit; with --upload: the peer has the file',
      1: 'with --upload: the file was not sent, or a directory without all that is in it',
      3: 'with --upload: the peer refused the connection or the file',
    },
  },
  create_certificates: {
    usage: ['create_certificates [DIR]'],
    help: 'create certificates for a server and its clients',
    about:
      'Creates DIR/certificates for mutual TLS and prints what to copy to the clients. DIR is the certificates_directory_path of the configuration (default /tmp/aioconnectors).',
    examples: [['aioc create_certificates /var/lib/aioc/server', 'create them for a server']],
  },
  invite: {
    usage: ['invite CONNECTOR NAME [--hours N] [--address HOST]'],
    help: 'invite a new client to a server with mutual TLS',
    about: `Makes an invitation that lets one new client, called NAME, join the server once. It prints a code for aioc join; send it to the client's operator over a private channel. ${CONNECTOR}; the server need not run.`,
    options: {
      hours: true,
      address: true,
      json: 'print the code, the name, the address and the end in JSON',
      ...LOOKED_INTO,
    },
    examples: [
      ['aioc invite server.json bob', 'invite bob; valid for a day'],
      [
        'aioc invite server.json bob --address broker.example.org',
        'the name by which bob reaches the server',
      ],
    ],
  },
  join: {
    usage: ['join CODE [DIRECTORY]'],
    help: 'become a client of a server that invited you',
    about:
      'Joins the server of an invitation: makes a key that never leaves this machine, gets a certificate, and writes DIRECTORY/config.json for the client (default: a new directory with its name). It sends nothing to a server that cannot prove that it is the one of the invitation. If CODE is -, the code is read from the standard input.',
    examples: [
      ['aioc join aioc1f0kz… /var/lib/aioc/bob', 'join, then run: aioc /var/lib/aioc/bob/config.json'],
      ['aioc join -', 'paste the code, then Ctrl-D: it stays out of the list of processes'],
    ],
    exitCodes: { 3: 'the server refused: the invitation is used, expired or not its own' },
  },
  certificates: {
    usage: [
      'certificates list [CONNECTOR|DIR] [--days N] [--json]',
      'certificates revoke CONNECTOR|DIR NAME',
      'certificates renew CONNECTOR',
      'certificates repair DIR [--dry_run]',
    ],
    help: 'list, revoke, renew or repair certificates',
    about: `list shows the certificates and open invitations of a connector, when they end, and when each client was last connected. revoke ends the trust of a server in a client and closes its connection. renew replaces a client's certificate now; aioc does so by itself when a third of its life is left. repair restores a directory that was copied without its symbolic links or with other file modes. ${CONNECTOR}; DIR is a certificates_directory_path.`,
    options: { days: true, json: 'with list: print JSON', dry_run: true, ...LOOKED_INTO },
    examples: [
      ['aioc certificates list server.json', 'who is known, and for how long'],
      ['aioc certificates revoke server.json bob', 'bob may no longer connect'],
      ['aioc certificates renew bob/config.json', 'replace the certificate of the client bob now'],
      ['aioc certificates repair /var/lib/aioc/server --dry_run', 'print what needs repair'],
    ],
    exitCodes: {
      0: 'with list: every certificate is valid, and for more than --days; with repair: the directory is in order',
      1: 'with list: a certificate ends soon or is not accepted; with repair: something could not be repaired, or with --dry_run needs repair',
    },
  },
  create_connector: {
    usage: ['create_connector FILE'],
    help: 'run a connector without a screen (--headless FILE)',
    about:
      'Runs the connector of a configuration file without a screen and prints one line when it is ready. SIGTERM and Ctrl-C drain the queues of connected peers (at most 5 s) and exit; a second one exits at once. SIGHUP reopens the log.',
    examples: [['aioc create_connector server.json', 'the same as aioc --headless server.json']],
  },
  print_config_templates: {
    usage: ['print_config_templates'],
    help: 'print every configuration key with its default',
    about:
      'Prints two configurations in JSON with every key at its default: one for a connector, one for programs that use a connector.',
    examples: [['aioc print_config_templates', 'print both templates']],
  },
  config: {
    usage: ['config check FILE'],
    help: 'check a configuration file',
    about: 'Checks a configuration file and prints each error and warning. It starts nothing.',
    examples: [['aioc config check server.json', 'check before you start the daemon']],
    exitCodes: { 0: 'aioc can use the file', 1: 'the file has errors or unknown keys' },
  },
  status: {
    usage: ['status [--json]'],
    help: 'show the connectors of this machine',
    about: 'Shows the connectors of this machine with their state, peers and queues.',
    options: { json: 'print a JSON array with one object per connector', ...LOOKED_INTO },
    examples: [
      ['aioc status', 'a table for people'],
      ['aioc status --json | jq -r ".[].connector"', 'their names, for scripts'],
    ],
    exitCodes: {
      0: 'at least one connector runs, and every connector answers',
      1: 'no connector runs, or one does not answer',
    },
  },
  tail: {
    usage: ['tail [CONNECTOR] [--filter FILTER] [--json] [--count N]'],
    help: 'follow the log of a running connector',
    about: `Prints the last rows of the connector's log, and each new one as it comes: messages in both directions, files and events. A row has the outcome that it has when it is printed. The filter is that of the screen. ${WHICH_CONNECTOR}`,
    options: {
      filter: true,
      json: 'print a line of JSON for each row',
      count: 'exit after N rows (default: run until Ctrl-C)',
      ...LOOKED_INTO,
    },
    examples: [
      ['aioc tail server.json', 'what happens now'],
      ['aioc tail server.json --filter "peer:press-3 level:warning,error"', 'what goes wrong with one peer'],
      ['aioc tail --json | jq -r .text', 'for scripts'],
    ],
  },
  top: {
    usage: ['top [CONNECTOR] [--json] [--count N]'],
    help: 'print peers and queues once a second',
    about: `Prints the state, the busiest peers and the longest queues of a connector once a second, as plain text. On a terminal each table takes the place of the one before. ${WHICH_CONNECTOR}`,
    options: {
      json: 'print a line of JSON each second, with all peers and queues',
      count: 'exit after N tables (default: run until Ctrl-C)',
      ...LOOKED_INTO,
    },
    examples: [
      ['aioc top server.json', 'watch it over a slow line'],
      ['aioc top server.json --count 1', 'one table'],
    ],
  },
  queues: {
    usage: [
      'queues [CONNECTOR] [--json]',
      'queues CONNECTOR peek QUEUE [--count N] [--json]',
      'queues CONNECTOR export QUEUE [--count N]',
      'queues CONNECTOR purge QUEUE',
    ],
    help: 'list, look into, export or purge queues',
    about: `Lists the queues of a connector, and why those that are stuck are. peek shows the first messages of one (default 100) and export prints each in full as a line of JSON, which aioc send --json takes; both take nothing. purge drops the messages that are not on their way, at once and for good. ${WHICH_CONNECTOR}`,
    options: {
      json: true,
      count: 'with peek and export: N messages',
      ...LOOKED_INTO,
    },
    examples: [
      ['aioc queues server.json', 'what waits, and why'],
      ['aioc queues server.json peek out/press-3/event', 'the first messages for press-3'],
      ['aioc queues server.json export in/order', 'what waits for a listener'],
      ['aioc queues server.json purge out/press-3/event', 'drop them'],
    ],
  },
  cli: {
    usage: ['cli [CONNECTOR [COMMAND [ARGUMENT]]]'],
    help: 'send a command to a running connector',
    about: `Sends a command to a running connector and prints its answer. On a terminal, aioc asks for what you leave out. ${CONNECTOR}.`,
    options: { json: 'print the answer in JSON', ...LOOKED_INTO },
    examples: [
      ['aioc cli server.json show_connected_peers', 'list the connected peers'],
      ['aioc cli server.json add_blacklist_client 192.0.2.0/24', 'block a network'],
    ],
  },
  attach: {
    usage: ['attach [CONNECTOR]'],
    help: 'open the full screen of a running connector',
    about: `Opens the full screen of a connector that runs in another process; q detaches, and the connector keeps running. ${WHICH_CONNECTOR}`,
    options: { ...LOOKED_INTO, ascii: true, mouse: true, theme: true, screen_reader: true, read_only: true },
    examples: [
      ['aioc attach', 'the only connector that runs'],
      ['aioc attach server.json', 'the connector of that configuration file'],
      ['aioc attach server.json --read-only', 'look, and change nothing'],
    ],
  },
  send: {
    usage: ['send [CONNECTOR [TEXT]] [OPTIONS]'],
    help: 'send a message, or one per line of the input',
    about: `Sends TEXT as one message; without TEXT, each line of the standard input is a message. It stops at the first message that the connector refuses and names its line. With --file it sends each file with a message, and waits until the peer has it: with a progress bar, or without a terminal with lines of JSON. Ctrl-C takes back what the peer does not have yet. ${WHICH_CONNECTOR}`,
    options: {
      type: true,
      to: true,
      json: 'each line of the input is a message in JSON, such as {"type": "news", "data": "hello"}; with --file: print the progress as lines of JSON',
      file: true,
      no_wait: true,
      dst_type: true,
      dst_name: true,
      delete: true,
      binary: true,
      await_response: true,
      timeout: true,
      ...LOOKED_INTO,
    },
    examples: [
      ['aioc send client.json "good morning" --type news', 'send one message'],
      ['tail -f events.log | aioc send client.json --type event', 'send each line'],
      ['aioc send client.json "how are you?" --await_response', 'print the response'],
      ['aioc send client.json --file report.pdf --file photos', 'send a file and a directory'],
      ['pg_dump shop | aioc send client.json --file - --dst_name shop.sql', 'send what a program prints'],
    ],
    exitCodes: {
      0: 'the connector accepted every message (and every response arrived); with --file: the peer has every file',
      1: 'a message was refused, or a response did not arrive; with --file: a file could not be sent',
      3: 'with --file: the peer refused a file',
      4: 'with --file: the peer has everything but some entries of a directory, which are named',
      130: 'interrupted',
    },
  },
  files: {
    usage: [
      'files [CONNECTOR] [--json]',
      'files CONNECTOR --cancel ID',
      'files CONNECTOR --clean [ID] [--older HOURS]',
    ],
    help: 'list, cancel or clean files on their way',
    about: `Lists the files that are on their way in both directions, and the partial files that wait for their peers. --cancel stops one on either side; the message of the file arrives without it. --clean deletes partial files; a peer that still has such a file sends it again from the start. aioc itself deletes them after 7 days. ${WHICH_CONNECTOR}`,
    options: { json: true, cancel: true, clean: true, older: true, ...LOOKED_INTO },
    examples: [
      ['aioc files server.json', 'what is on its way'],
      ['aioc files server.json --cancel 3f9a1c07', 'stop one'],
      ['aioc files server.json --clean --older 24', 'delete what got nothing for a day'],
    ],
  },
  known: {
    usage: ['known list [--json]', 'known forget NAME|ADDRESS'],
    help: 'list or forget the machines that the chat knows',
    about:
      'The chat knows a machine by its certificate: a client that you accepted once is admitted without a question, and at the address of a known server no other one is accepted. forget ends that, at once and for running programs too. Machines without a certificate are never known.',
    options: { json: 'with list: print JSON' },
    examples: [
      ['aioc known list', 'who is admitted without a question'],
      ['aioc known forget ben', 'ask about ben again'],
      ['aioc known forget 192.0.2.7:10673', 'the machine at this address was set up again'],
    ],
  },
  listen: {
    usage: ['listen [CONNECTOR] [OPTIONS]'],
    help: 'print received messages, one line of JSON each',
    about: `Prints each received message as a line of JSON and acknowledges it once it is written. It takes the next message only after that line has been read. ${WHICH_CONNECTOR}`,
    options: {
      type: 'message types, separated by commas (default: recv_message_types of the configuration file; without a file, any)',
      count: true,
      raw: true,
      reply: true,
      ...LOOKED_INTO,
    },
    examples: [
      ['aioc listen server.json --type event,news | jq -r .data', 'print the texts of two types'],
      ['aioc listen server.json --count 1 --reply done', 'answer one request, then exit'],
    ],
  },
  log: {
    usage: ['log verify DIR', 'log show DIR [STREAM]', 'log export DIR STREAM'],
    help: 'inspect the journal of a stopped connector',
    about:
      'Inspects the stored messages of a connector that is not running and changes nothing. verify looks for damage, show lists the streams or the records of one, export prints every record in full as a line of JSON.',
    options: { json: 'with verify and show: print JSON' },
    examples: [
      ['aioc log verify /var/lib/aioc/journals/aioc_journal_server_0000_10673', 'look for damage'],
      ['aioc log show /var/lib/aioc/journals/aioc_journal_server_0000_10673', 'list the streams'],
    ],
    exitCodes: { 1: 'with verify: the journal is damaged or ends in an incomplete write' },
  },
  ping: {
    usage: ['ping FILE [--to NAME]'],
    help: 'ping the peer of a connector',
    about: 'Sends a ping to the peer of the connector that FILE configures and prints the round-trip time.',
    options: { to: 'on a server: the client to ping' },
    examples: [
      ['aioc ping client.json', 'ping the server'],
      ['aioc ping server.json --to alice', 'ping a client'],
    ],
    exitCodes: { 1: 'the connector does not run, or the peer did not answer within 5 s' },
  },
  test_receive_messages: {
    usage: ['test_receive_messages FILE'],
    help: 'print received messages of every type, for a test',
    about: 'Prints the messages that the connector of FILE receives, of every type, until Ctrl-C.',
    examples: [['aioc test_receive_messages server.json', 'watch what arrives']],
  },
  test_send_messages: {
    usage: ['test_send_messages FILE [--to NAME] [--count N]'],
    help: 'send a numbered message each second, for a test',
    about: 'Sends a numbered message each second through the connector of FILE.',
    options: { to: true, count: true },
    examples: [['aioc test_send_messages client.json --count 3', 'send three messages']],
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;

export type CommandName = keyof typeof COMMANDS;

/** What `aioc cli` can ask of a running connector; the names are Python's where Python has them. */
export const CLI_COMMANDS = {
  start: { takes: '', help: 'start the connector again after a stop' },
  stop: { takes: '[hard]', help: 'drain the queues and stop (hard: stop at once)' },
  shutdown: { takes: '[hard]', help: 'stop, then end the process' },
  restart: { takes: '[hard]', help: 'stop, then start' },
  show_connected_peers: { takes: '', help: 'list the connected peers and their addresses' },
  peek_queues: { takes: '', help: 'count the queued messages' },
  ignore_peer_traffic: {
    takes: '[show|enable|disable|PEER]',
    help: 'drop new messages to and from all peers, or one',
  },
  disconnect_client: { takes: 'CLIENT', help: "close a client's connection" },
  delete_client_certificate: {
    takes: '[CLIENT]',
    help: 'delete a certificate (on a client: its own)',
  },
  add_blacklist_client: { takes: 'CLIENT|ADDRESS', help: 'block a client, an address or a network' },
  remove_blacklist_client: { takes: 'CLIENT|ADDRESS', help: 'remove an entry from the blacklist' },
  add_whitelist_client: {
    takes: 'CLIENT|ADDRESS',
    help: 'add to the whitelist: others may not connect',
  },
  remove_whitelist_client: { takes: 'CLIENT|ADDRESS', help: 'remove an entry from the whitelist' },
  show_log_level: { takes: '', help: 'show the log level' },
  set_log_level: { takes: 'LEVEL', help: 'set it to DEBUG, INFO, WARNING, ERROR or CRITICAL' },
} as const satisfies Readonly<Record<string, { readonly takes: string; readonly help: string }>>;

export type CliCommandName = keyof typeof CLI_COMMANDS;
