import { CHAT_COMMANDS } from './chat-line.ts';

/** What Tab completes: the list to ask, and the part of the line to replace. */
export interface CompletionRequest {
  readonly source: 'command' | 'path' | 'received';
  /** Offset of the first character that a candidate replaces. */
  readonly from: number;
  readonly prefix: string;
  /** A shell splits at blanks, so they must be escaped; our own commands take the rest of the line as it is. */
  readonly escapeBlanks: boolean;
}

/** What Tab completes in this line; undefined for nothing. */
export function completionRequest(line: string): CompletionRequest | undefined {
  if (!line.startsWith('!')) return undefined;
  const own = /^!(upload|import|zimport)\s+/.exec(line);
  if (own !== null) {
    const from = own[0].length;
    const source = own[1] === 'upload' ? 'path' : 'received';
    return { source, from, prefix: line.slice(from), escapeBlanks: false };
  }
  if (!/\s/.test(line)) return { source: 'command', from: 0, prefix: line, escapeBlanks: false };
  const word = /(?:\\.|[^\s\\])*$/.exec(line)?.[0] ?? '';
  return {
    source: 'path',
    from: line.length - word.length,
    prefix: word.replace(/\\(.)/g, '$1'),
    escapeBlanks: true,
  };
}

export interface TabCompletion {
  readonly line: string;
  /** The candidates to show, when there are several. */
  readonly choices: readonly string[];
}

/** The line, extended by the common prefix of all candidates. */
export function complete(
  line: string,
  request: CompletionRequest,
  candidates: readonly string[],
): TabCompletion {
  const fitting = candidates.filter((candidate) => candidate.startsWith(request.prefix));
  const [only] = fitting;
  if (only === undefined) return { line, choices: [] };
  const common = fitting.reduce(commonPrefix, only);
  const finished = fitting.length === 1 && !common.endsWith('/') && request.source !== 'received';
  const added = request.escapeBlanks ? common.replace(/([\s\\'"$&;|<>()*?!`])/g, '\\$1') : common;
  return {
    line: line.slice(0, request.from) + added + (finished && request.source === 'command' ? ' ' : ''),
    choices: fitting.length > 1 ? fitting : [],
  };
}

export function commandCandidates(): readonly string[] {
  return CHAT_COMMANDS;
}

export function commonPrefix(left: string, right: string): string {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  return left.slice(0, length);
}
