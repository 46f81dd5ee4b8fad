import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { keysMarkdown } from '../../components/keys/key-list.ts';
import type { KeySpec } from '../../engine/config/key-spec.ts';
import { CONNECTION_KEYS } from '../../engine/config/keys-connection.ts';
import { DIRECTORY_KEYS } from '../../engine/config/keys-directories.ts';
import { HOOK_KEYS } from '../../engine/config/keys-hooks.ts';
import { STORAGE_KEYS } from '../../engine/config/keys-storage.ts';
import { TRUST_KEYS } from '../../engine/config/keys-trust.ts';
import { ERROR_CODES } from '../../engine/index.ts';
import { cliCommandsTable, commandsTable, exitCodesTable, optionsTable } from './command-tables.ts';

/** The tables that are generated from the code: page, then name of the markers around the table. */
export function pageTables(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return {
    'components/README.md': { keys: keysMarkdown() },
    'source/README.md': {
      commands: commandsTable(),
      options: optionsTable(),
      'cli commands': cliCommandsTable(),
      'exit codes': exitCodesTable(),
      errors: errorsTable(),
    },
    'engine/config/README.md': {
      'keys: connection': configTable(CONNECTION_KEYS),
      'keys: trust': configTable(TRUST_KEYS),
      'keys: directories': configTable(DIRECTORY_KEYS),
      'keys: storage': configTable(STORAGE_KEYS),
      'keys: hooks': configTable(HOOK_KEYS),
    },
  };
}

function configTable(keys: Readonly<Record<string, KeySpec>>): string {
  const rows = Object.entries(keys)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, spec]) => `| \`${name}\` | \`${defaultOf(spec)}\` | ${stateOf(spec)}${spec.help} |`);
  return ['| key | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function defaultOf(spec: KeySpec): string {
  return JSON.stringify(spec.default instanceof Map ? Object.fromEntries(spec.default) : spec.default);
}

function stateOf({ state, instead }: KeySpec): string {
  if (state === 'works') return '';
  if (state === 'refused') return '**Refused: not supported yet.** ';
  return instead === undefined ? '**Not supported yet.** ' : `**No effect: ${instead}.** `;
}

function errorsTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return ['| code | meaning |', '| --- | --- |', ...rows].join('\n');
}

/** The text of a page, whose path is relative to the repository. */
export function pageText(page: string): string {
  return readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
}

/** The text between the markers of that name. */
export function sectionOf(text: string, name: string): string | undefined {
  return between(name).exec(text)?.[1]?.trim();
}

export function withSection(text: string, name: string, content: string): string {
  return text.replace(between(name), () => `<!-- ${name} -->\n${content}\n<!-- /${name} -->`);
}

function between(name: string): RegExp {
  return new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)<!-- /${name} -->`);
}

/** The page of the library, whose examples tests run. */
export const LIBRARY_PAGE = 'engine/api/README.md';

/** The code of an example of the library's page, without its fence. */
export function exampleOf(name: string): string {
  const code = /^```js\n([\s\S]*)```$/.exec(sectionOf(pageText(LIBRARY_PAGE), `example ${name}`) ?? '')?.[1];
  return code ?? assert.fail(`${LIBRARY_PAGE} has no example ${name}`);
}
