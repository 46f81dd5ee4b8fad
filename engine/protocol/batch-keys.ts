/** What the batch or the record says, so no message's header may. */
export const BATCH_KEYS = [
  'message_type',
  'source_id',
  'destination_id',
  'transport_id',
  'with_binary',
  'aioc_batch',
] as const;
