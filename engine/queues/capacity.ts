/** How much a queue may hold. */
export interface Capacity {
  readonly messages: number;
  readonly bytes: number;
}
