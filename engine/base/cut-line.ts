/** Cuts what is too long in its middle: a line begins with what happened, and often ends with the reason. */
export function cutLine(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const endAt = text.length - Math.floor(maxCharacters / 3);
  // A copy, so that the whole text does not stay in memory.
  return Buffer.from(
    `${text.slice(0, maxCharacters - 1 - (text.length - endAt))}…${text.slice(endAt)}`,
  ).toString();
}
