/** A one-line bug: where `find` stands in `file` (once), `replace` stands instead. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}
