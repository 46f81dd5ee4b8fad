import { LIMITS } from '../base/limits.ts';

/** A line as the conversation has it: a long one is cut. */
export function shownText(text: string, maxCharacters: number = LIMITS.chatLineCharacters): string {
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters)} … (cut)`;
}

/** The same for a line as it crosses; no more of it is decoded than is shown. */
export function shownData(data: Buffer, maxCharacters: number = LIMITS.chatLineCharacters): string {
  return shownText(data.subarray(0, maxCharacters * 4 + 4).toString(), maxCharacters);
}
