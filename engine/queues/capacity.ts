/** The capacity of a queue. */
export interface Capacity {
  readonly messages: number;
  readonly bytes: number;
  /** Whether an empty queue accepts one message of any size: true where no key can raise `bytes`. */
  readonly takesOneOfAnySize?: boolean;
  /**
   * While the peer takes messages, senders wait when more than its window and these bytes are queued. Default: they wait
   * when the queue is full.
   */
  readonly aheadBytes?: number;
}
