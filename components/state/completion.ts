import { CHAT_COMMANDS } from './chat-commands.ts';
import { lastWord, type Quote, quoted } from './quoted-words.ts';

/** What Tab completes: the list to ask, and the part of the line to replace. */
export interface CompletionRequest {
  readonly source: 'command' | 'path' | 'directory' | 'received' | 'archive' | 'peer';
  /** Offset of the first character that a candidate replaces. */
  readonly from: number;
  readonly prefix: string;
  /** The quote that the word has begun with; undefined: candidates are inserted as they are. */
  readonly open: Quote | undefined;
  /** Where the only argument of the command begins: it may have blanks that are not quoted. */
  readonly argument?: number;
}

const SOURCES: Readonly<Record<string, CompletionRequest['source']>> = {
  upload: 'path',
  cd: 'directory',
  import: 'received',
  zimport: 'archive',
  dezip: 'archive',
  to: 'peer',
};

/** What Tab completes at the end of this text; undefined for nothing. */
export function completionRequest(line: string): CompletionRequest | undefined {
  if (!line.startsWith('!')) return undefined;
  const [head, own] = /^!(upload|cd|import|zimport|dezip|to)\s+/.exec(line) ?? [];
  if (head === undefined && !/\s/.test(line))
    return { source: 'command', from: 0, prefix: line, open: undefined };
  const source = SOURCES[own ?? ''] ?? 'path';
  const { text: prefix, from, open } = lastWord(line, head?.length ?? 1);
  const takesOne = head !== undefined && source !== 'path' && source !== 'directory';
  return { source, from, prefix, open, ...(takesOne && { argument: head.length }) };
}

export interface TabCompletion {
  /** The text up to the cursor. */
  readonly line: string;
  /** The candidates, when there are several. */
  readonly choices: readonly string[];
}

/** The line, extended by the common prefix of all candidates. */
export function complete(
  line: string,
  request: CompletionRequest,
  candidates: readonly string[],
): TabCompletion {
  const { meant, fitting } = fittingIn(line, request, candidates);
  const [only] = fitting;
  if (only === undefined) return { line, choices: [] };
  const common = fitting.reduce(commonPrefix, only);
  if (fitting.length > 1) return { line: withWord(line, meant, common, false), choices: fitting };
  const isFinished = !common.endsWith('/');
  return { line: withWord(line, meant, common, isFinished), choices: [] };
}

/** The line with one of several candidates. */
export function withChoice(
  line: string,
  request: CompletionRequest,
  choice: string,
  candidates: readonly string[],
): string {
  const { meant } = fittingIn(line, request, candidates);
  return withWord(line, meant, choice, !choice.endsWith('/'));
}

function fittingIn(
  line: string,
  request: CompletionRequest,
  candidates: readonly string[],
): { readonly meant: CompletionRequest; readonly fitting: readonly string[] } {
  const offered = candidates.filter((one) => isOffered(one, request.source));
  const beginning = (prefix: string): readonly string[] => offered.filter((one) => one.startsWith(prefix));
  const fitting = beginning(request.prefix);
  const { argument } = request;
  if (fitting.length > 0 || argument === undefined) return { meant: request, fitting };
  const whole = line.slice(argument);
  return { meant: { ...request, from: argument, prefix: whole, open: '' }, fitting: beginning(whole) };
}

function isOffered(candidate: string, source: CompletionRequest['source']): boolean {
  if (source === 'archive') return /\.zip$/i.test(candidate);
  return source !== 'directory' || candidate.endsWith('/');
}

function withWord(
  line: string,
  { from, open, source }: CompletionRequest,
  word: string,
  isFinished: boolean,
): string {
  const written = open === undefined ? word : quoted(word, open);
  const end = !isFinished ? '' : source === 'command' ? ' ' : (open ?? '');
  return line.slice(0, from) + written + end;
}

export function commandCandidates(): readonly string[] {
  return CHAT_COMMANDS.map(({ name }) => name);
}

export function commonPrefix(left: string, right: string): string {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length += 1;
  return left.slice(0, length);
}
