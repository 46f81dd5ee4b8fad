/** How much a queue may hold. */
export interface Capacity {
  readonly messages: number;
  readonly bytes: number;
  /** Whether it takes one message of any size while it is empty: where no key raises `bytes`. */
  readonly takesOneOfAnySize?: boolean;
}
