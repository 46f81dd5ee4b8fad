import assert from 'node:assert/strict';
import { keysMarkdown } from '../../components/keys/key-list.ts';
import type { KeySpec } from '../../engine/config/key-spec.ts';
import { configKeys, ERROR_CODES } from '../../engine/index.ts';
import { OPTIONS } from '../../source/command-table.ts';

/** The tables of the README that are made from the code, by the name of their markers. */
export function readmeTables(): Readonly<Record<string, string>> {
  return {
    keys: keysMarkdown(),
    options: optionsTable(),
    'config keys': configTable(),
    errors: errorsTable(),
  };
}

function optionsTable(): string {
  const rows = Object.entries(OPTIONS).map(([name, option]) => {
    const value = 'value' in option ? ` ${option.value}` : '';
    return `| \`--${name}${value}\` | ${option.help} |`;
  });
  return ['| option | what it does |', '| --- | --- |', ...rows].join('\n');
}

function configTable(): string {
  const rows = configKeys().map(
    ([name, spec]) => `| \`${name}\` | \`${defaultOf(spec)}\` | ${stateOf(spec)}${spec.help} |`,
  );
  return ['| key | default | what it says |', '| --- | --- | --- |', ...rows].join('\n');
}

function defaultOf(spec: KeySpec): string {
  return JSON.stringify(spec.default instanceof Map ? Object.fromEntries(spec.default) : spec.default);
}

function stateOf({ state, instead }: KeySpec): string {
  if (state === 'works') return '';
  if (state === 'refused') return '**Refused, not there yet.** ';
  return instead === undefined ? '**Not there yet.** ' : `**No effect: ${instead}.** `;
}

function errorsTable(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return ['| code | meaning |', '| --- | --- |', ...rows].join('\n');
}

/** What stands between the markers of that name. */
export function sectionOf(text: string, name: string): string | undefined {
  return between(name).exec(text)?.[1]?.trim();
}

export function withSection(text: string, name: string, content: string): string {
  return text.replace(between(name), `<!-- ${name} -->\n${content}\n<!-- /${name} -->`);
}

function between(name: string): RegExp {
  return new RegExp(`<!-- ${name} -->\\n([\\s\\S]*?)<!-- /${name} -->`);
}

/** The code of an example of the README, which stands between its markers, without its fence. */
export function exampleOf(readme: string, name: string): string {
  const code = /^```js\n([\s\S]*)```$/.exec(sectionOf(readme, `example ${name}`) ?? '')?.[1];
  return code ?? assert.fail(`the README has no example ${name}`);
}
