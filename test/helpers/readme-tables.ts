import { keysMarkdown } from '../../components/keys/key-list.ts';
import { ERROR_CODES } from '../../engine/index.ts';
import { OPTIONS } from '../../source/command-table.ts';

/** The tables of the README that are made from the code, by the name of their markers. */
export function readmeTables(): Readonly<Record<string, string>> {
  return { keys: keysMarkdown(), options: optionsTable(), errors: errorsTable() };
}

function optionsTable(): string {
  const rows = Object.entries(OPTIONS).map(([name, option]) => {
    const value = 'value' in option ? ` ${option.value}` : '';
    return `| \`--${name}${value}\` | ${option.help} |`;
  });
  return ['| option | what it does |', '| --- | --- |', ...rows].join('\n');
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
