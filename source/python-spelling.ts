/** The Python program's command lines, as its help and its documentation show them. */
import { usage } from './commands/send-arguments.ts';
import { OPTIONS, type OptionName } from './option-table.ts';

/** The options of Python's chat, which accepts unambiguous prefixes of them. */
const CHAT_OPTIONS: readonly OptionName[] = [
  'target',
  'accept',
  'port',
  'bind_server_ip',
  'upload',
  'nowrap',
  'exec',
  'help',
];

/** What only Python's program has, with what to do instead. */
const ONLY_PYTHONS: Readonly<Record<string, string>> = {
  replace_server_certificate:
    'replace_server_certificate is not supported: replace certificates/server/server-cert/server.pem and server.key (mode 600) on the server and certificates/client/server-cert/server.pem on each client, then restart the server',
  test_publish_messages:
    "test_publish_messages is not supported, because aioc has no publish/subscribe: use Python's aioconnectors for it",
  '--ca': "create_certificates --ca is not supported: use Python's aioconnectors for a server with server_ca",
};

/** @throws AiocError AIOC_USAGE for a command or an option that only Python's program has */
export function refuseWhatOnlyPythonHas(words: readonly string[]): void {
  const [first = '', ...rest] = words;
  const command = first.replaceAll('-', '_');
  const option = rest.map((word) => word.split('=')[0] ?? '').find((word) => word === OPTION_OF[command]);
  const why = ONLY_PYTHONS[option ?? command];
  if (why !== undefined) throw usage(why);
}

const OPTION_OF: Readonly<Record<string, string>> = { create_certificates: '--ca' };

/**
 * The same command line in aioc's spelling. After `chat`, Python's documentation writes options without dashes
 * (`chat bind_server_ip 192.168.1.5`), and Python's parser accepts prefixes (`--bind`).
 */
export function withPythonsSpelling(words: readonly string[]): readonly string[] {
  const [command, ...rest] = words;
  if (command !== 'chat') return words;
  const spelled: string[] = [command];
  let isValue = false;
  for (const word of rest) {
    const option: Spelled | undefined = isValue ? undefined : optionOf(word);
    spelled.push(option === undefined ? word : `--${option.name}${option.value}`);
    isValue = option !== undefined && option.value === '' && OPTIONS[option.name].type === 'string';
  }
  return spelled;
}

interface Spelled {
  readonly name: OptionName;
  /** With its `=`, or empty. */
  readonly value: string;
}

function optionOf(word: string): Spelled | undefined {
  const [, dashes, written = '', value = ''] = /^(--)?([^=]+)(=.*)?$/s.exec(word) ?? [];
  const name = written.replaceAll('-', '_');
  if (Object.hasOwn(OPTIONS, name)) {
    const isBare = dashes === undefined;
    if (isBare && (value !== '' || !CHAT_OPTIONS.includes(name as OptionName))) return undefined;
    return { name: name as OptionName, value };
  }
  const [only, ...others] =
    dashes === undefined ? [] : CHAT_OPTIONS.filter((option) => option.startsWith(name));
  return only === undefined || others.length > 0 ? undefined : { name: only, value };
}
