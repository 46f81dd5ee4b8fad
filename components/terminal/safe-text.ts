declare const safe: unique symbol;

/** Text that cannot control a terminal; only `sanitize.ts` makes it. */
export type SafeText = string & { readonly [safe]: true };
