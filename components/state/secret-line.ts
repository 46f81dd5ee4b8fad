/** The code of an invitation. */
const INVITATION = /aioc1[a-z0-9_-]{16}/i;

/** A line that no history keeps: it begins with a blank, as for a shell, or has a secret in it. */
export function isSecretLine(line: string): boolean {
  return line.startsWith(' ') || INVITATION.test(line);
}
