/** Error messages about values in a configuration. */
import type { SchemaIssue, Shape } from './shapes.ts';

const SHOWN_CHARACTERS = 80;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** A value as JSON on one line, truncated if long, with control and invisible characters escaped. */
export function printable(value: unknown): string {
  const json = jsonOf(value);
  const cut = json.length > SHOWN_CHARACTERS ? `${json.slice(0, SHOWN_CHARACTERS)}…` : json;
  return cut.replace(INVISIBLE, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function jsonOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  try {
    return JSON.stringify(value) ?? `a ${typeof value}`;
  } catch {
    // Nested too deeply, or not representable in JSON.
    return `a ${Array.isArray(value) ? 'list' : typeof value}`;
  }
}

export interface WrongValue {
  readonly name: string;
  readonly value: unknown;
  readonly shape: Shape;
  readonly issues: readonly SchemaIssue[];
}

/** One line for each fault in a key's value. */
export function describeFaults({ name, value, shape, issues }: WrongValue): string[] {
  return issues.flatMap(meantIssues).map((issue) => {
    const where = issue.path.reduce<string>(joined, name);
    const reason = reasonOf(issue);
    const got = shape.isSecret ? '' : `got ${printable(valueAt(value, issue.path))}; `;
    const takes = `${issue.path.length > 0 ? `${name} takes` : 'it takes'} ${shape.takes}`;
    return `${where}: ${reason}${got}${takes}${isRightWithoutQuotes(value, shape) ? ' (remove the quotes)' : ''}`;
  });
}

function isRightWithoutQuotes(value: unknown, { schema, isSecret }: Shape): boolean {
  if (typeof value !== 'string' || isSecret) return false;
  if (!/^(?:true|false|-?\d[\d.]{0,20})$/.test(value)) return false;
  try {
    return schema.safeParse(JSON.parse(value)).success;
  } catch {
    return false;
  }
}

/** For a shape with alternatives: the faults of the intended one, which is wrong only in its inner values. */
function meantIssues(issue: SchemaIssue): readonly SchemaIssue[] {
  if (issue.code !== 'invalid_union' || issue.errors === undefined) return [issue];
  const meant = issue.errors.find((issues) =>
    issues.every(({ path, code }) => path.length > 0 || code === 'custom'),
  );
  if (meant === undefined) return [issue];
  return meant.flatMap((inner) => meantIssues({ ...inner, path: [...issue.path, ...inner.path] }));
}

function reasonOf(issue: SchemaIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown: ${(issue.keys ?? []).map(printable).join(', ')}; `;
  return issue.code === 'custom' ? `${issue.message}; ` : '';
}

function joined(path: string, part: PropertyKey): string {
  if (typeof part === 'number') return `${path}[${part}]`;
  const name = String(part);
  return /^[\w-]+$/.test(name) ? `${path}.${name}` : `${path}[${printable(name)}]`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, part) => {
    if (typeof inner !== 'object' || inner === null) return undefined;
    return (inner as Record<PropertyKey, unknown>)[part];
  }, value);
}
