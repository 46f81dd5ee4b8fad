/** Longer names cannot be misspelled keys, and comparing them is slow. */
const COMPARED_CHARACTERS = 80;

/** The nearest name at an edit distance of at most two; case, `-` and `_` are ignored. */
export function nameTwoLettersOff(wrong: string, names: readonly string[]): string | undefined {
  if (wrong.length > COMPARED_CHARACTERS) return undefined;
  const spelled = plain(wrong);
  const like = names.filter((name) => Math.abs(plain(name).length - spelled.length) <= 2);
  const distances = like.map((name) => editDistance(spelled, plain(name)));
  const least = Math.min(...distances);
  return least <= 2 ? like[distances.indexOf(least)] : undefined;
}

/**
 * The known name nearest to a misspelled one, if at most two in five letters differ. Case, `-` and `_` are ignored.
 */
export function nearestName(wrong: string, known: readonly string[]): string | undefined {
  if (wrong.length > COMPARED_CHARACTERS) return undefined;
  const spelled = plain(wrong);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(spelled, plain(name));
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  if (best === undefined || best.distance > Math.max(spelled.length, best.name.length) * 0.4)
    return undefined;
  return best.name;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** The Levenshtein distance. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= other.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (letter === other[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
