import { readFileSync } from 'node:fs';
import { globSync } from './glob.ts';
import { pageText } from './page-tables.ts';

/** Every page of the repository. */
export const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...['source', 'engine', 'components', 'test', 'media'].flatMap((top) => globSync(top, /\.md$/)),
];

interface PageCommand {
  readonly page: string;
  /** One simple command, without comment, variables and the brackets of a usage line. */
  readonly command: string;
}

/** Programs of the system that pages show beside aioc. No test runs these. */
const OF_THE_SYSTEM =
  /^(cp|scp|rsync|tar|mkdir|mv|tail|head|jq|curl|kill|ssh|sudo|systemctl|journalctl|logrotate|reset|python3|cd)\b/;
const OURS = /^(aioc|npm|npx)\b/;

/** The commands that blocks of shell code and inline code of the pages show. */
export function pageCommands(): readonly PageCommand[] {
  return PAGES.flatMap((page) => {
    const text = pageText(page);
    const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
      block.split('\n').flatMap(simpleCommands),
    );
    const inline = [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`]+)`/g)]
      .flatMap(([, code = '']) => simpleCommands(code.replace(/\s+/g, ' ').replaceAll('\\|', '/')))
      .filter((command) => OURS.test(command) && !/^\S+( …)?$/.test(command));
    return [...blocks, ...inline]
      .filter((command) => !OF_THE_SYSTEM.test(command))
      .map((command) => ({ page, command }));
  });
}

/** The parts of a line between `&&`, `|` and `;`, where these are not quoted. */
function simpleCommands(line: string): string[] {
  const parts: string[] = [''];
  for (const [piece] of line.matchAll(/'[^']*'|"[^"]*"|\s#.*|&&|[|;]|[^'"]/g)) {
    if (/^(&&|[|;])$/.test(piece)) parts.push('');
    else if (!/^\s#/.test(piece)) parts.push(`${parts.pop()}${piece}`);
  }
  return parts
    .map((part) => part.trim().replace(/^([A-Z_]+=\S+ )+/, ''))
    .map((part) => (/['"]/.test(part) ? part : part.replace(/[[\]]/g, '')))
    .filter((part) => part !== '');
}

/** Commands that `test/source/page-commands.test.ts` runs as they are in the page. */
export const RUN_AS_SHOWN: readonly { readonly command: RegExp; readonly prints: RegExp }[] = [
  { command: /^aioc --help$/, prints: /Usage/ },
  { command: /^aioc [a-z_]+ --help$/, prints: /Usage/i },
  { command: /^aioc --version$/, prints: /^\d+\.\d+\.\d+\n$/ },
  { command: /^aioc print_config_templates$/, prints: /"server_sockaddr"/ },
  { command: /^aioc config check (server|client)\.json$/, prints: /fine|ok/i },
  { command: /^aioc create_certificates [a-z]+$/, prints: /certificates/ },
  { command: /^aioc cli server\.json show_connected_peers$/, prints: /client1/ },
  { command: /^aioc send client\.json '[^']+'.* --await[-_]response$/, prints: /"data": ?"very well"/ },
  { command: /^aioc send client\.json( '[^']+')? --type (news|event)$/, prints: /^$/ },
  { command: /^aioc send server\.json '[^']+' --type news --to client1$/, prints: /^$/ },
  { command: /^aioc listen server\.json --type (event|event,news)$/, prints: /^\{.*"data":"hello".*\}$/m },
];

/** Commands that other tests run: pattern, and the files that together name the command and each of its options. */
const RUN_ELSEWHERE: readonly (readonly [command: RegExp, files: readonly string[]])[] = [
  [/^aioc chat forget/, ['test/source/commands/chat-forget.test.ts']],
  [/^aioc chat .*--upload/, ['test/pty/upload-command.test.ts']],
  [
    /^aioc (chat\b|--target)/,
    [
      'test/helpers/aioc-session.ts',
      'test/pty/two-people.test.ts',
      'test/field/p12-python-command-lines.test.ts',
    ],
  ],
  [/^aioc --headless/, ['test/daemon/headless.test.ts']],
  [/^aioc (\S+\.json|FILE)$/, ['test/pty/configured.test.ts']],
  [/^aioc create_certificates/, ['test/source/commands/certificates.test.ts']],
  [/^aioc (invite|join|certificates (list|revoke|renew))/, ['test/daemon/invitations.test.ts']],
  [/^aioc certificates repair/, ['test/field/f09-copied-certificates.test.ts']],
  [/^aioc create_connector/, ['test/daemon/headless.test.ts']],
  [/^aioc config check/, ['test/source/commands/config.test.ts']],
  [/^aioc status/, ['test/field/f07-status-of-what-is-not-connected.test.ts']],
  [/^aioc cli/, ['test/daemon/cli.test.ts']],
  [/^aioc attach/, ['test/pty/attach.test.ts']],
  [/^aioc known/, ['test/source/commands/known.test.ts']],
  [/^aioc files/, ['test/source/commands/files.test.ts']],
  [/^aioc (tail|top|queues)/, ['test/source/commands/watching.test.ts']],
  [/^aioc send.* --file/, ['test/daemon/send-files.test.ts']],
  [/^aioc send/, ['test/daemon/shell.test.ts']],
  [/^aioc listen/, ['test/daemon/shell.test.ts']],
  [/^aioc log/, ['test/source/commands/log.test.ts']],
  [/^aioc ping/, ['test/field/f21-the-one-client-there-is.test.ts']],
  [/^aioc test_send_messages/, ['test/field/f21-the-one-client-there-is.test.ts']],
  [/^aioc test_receive_messages/, ['test/interop/api-tools.test.ts']],
  [/^npm (install|pack)\b/, ['test/library/packed.test.ts', 'test/helpers/packed-library.ts']],
  [/^npx tsx FILE$/, ['test/library/use-cases.test.ts']],
];

/** Words of a command line that are no placeholders, values or names of files. */
const WORD = /^(--?)?[a-z][a-z_-]*$/;

/** Why no test runs a command of a page; undefined when one does. */
export function whyNotRun(command: string): string | undefined {
  if (RUN_AS_SHOWN.some((entry) => entry.command.test(command))) return undefined;
  const script = /^npm (?:run )?(test|start|[\w:]+-?[\w:-]*)/.exec(command)?.[1] ?? '';
  if (script in scripts) return undefined;
  const files = RUN_ELSEWHERE.find(([pattern]) => pattern.test(command))?.[1];
  if (files === undefined) return 'no entry of test/helpers/page-commands.ts matches it';
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  // The examples run as bundles, without tsx.
  const [, first = '', ...rest] = command.replace('npx tsx', '').split(/[\s=]+/);
  const words = [first, ...rest.filter((word) => word.startsWith('--'))].filter((word) => WORD.test(word));
  const missing = words.filter((word) => !spellings(word).some((one) => text.includes(one)));
  return missing.length === 0 ? undefined : `${files.join(', ')}: no ${missing.join(', no ')}`;
}

function spellings(word: string): string[] {
  const [, dashes = '', name = ''] = /^(-*)(.*)$/.exec(word) ?? [];
  return [name.replaceAll('_', '-'), name.replaceAll('-', '_')].map((one) => `${dashes}${one}`);
}

const { scripts } = JSON.parse(pageText('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
};
