import { LIMITS } from '../base/limits.ts';
import type { JsonObject, JsonValue } from '../protocol/header.ts';
import type { LeftOut } from '../queues/outgoing-body.ts';

/** One line about the entries of a directory that did not cross: how many, and the first of them with the reasons. */
export function leftOutText({ count, first }: LeftOut): string {
  const named = first.slice(0, LIMITS.chatLeftOutNamed);
  const list = named.map(([path, why]) => `${path} (${why})`).join(', ');
  const others = count - named.length;
  const rest = others === 0 ? '' : ` and ${others} more`;
  return `${count} ${count === 1 ? 'entry was' : 'entries were'} left out: ${list}${rest}`;
}

/** For a header: only those that `leftOutText` names, with short names. */
export function leftOutJson({ count, first }: LeftOut): JsonObject {
  const named = first.slice(0, LIMITS.chatLeftOutNamed);
  return { count, first: named.map(([path, why]) => [short(path), short(why)]) };
}

/** @returns undefined if the peer says nothing of that form */
export function readLeftOut(value: JsonValue | undefined): LeftOut | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { count, first } = value as JsonObject;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count <= 0 || !Array.isArray(first))
    return undefined;
  const named = (first as readonly JsonValue[]).slice(0, LIMITS.chatLeftOutNamed).map(readEntry);
  return { count, first: named.slice(0, count) };
}

function readEntry(entry: JsonValue): readonly [path: string, why: string] {
  const [path, why] = Array.isArray(entry) ? (entry as readonly JsonValue[]) : [];
  return [short(String(path ?? '')), short(String(why ?? ''))];
}

function short(text: string): string {
  return text.length <= LIMITS.chatLeftOutCharacters
    ? text
    : `${text.slice(0, LIMITS.chatLeftOutCharacters)}…`;
}
