declare const safe: unique symbol;

/** Text that cannot steer a terminal: only what `sanitize.ts` returned. */
export type SafeText = string & { readonly [safe]: true };
