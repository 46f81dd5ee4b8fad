import type { Frame } from '../../protocol/frame-decoder.ts';
import type { FrameParts } from '../../protocol/frame-encoder.ts';
import type { Header } from '../../protocol/header.ts';

/** A response for the program that waits for it. */
export function responseFrame({ header, data, binary }: Frame): FrameParts {
  const { transport_id: _transport, with_binary: _binary, ...rest } = header;
  const kept = { ...rest, message_type: header.message_type };
  return binary.length > 0
    ? { header: { ...kept, with_binary: true }, data, binary }
    : { header: kept, data };
}

/** Instead of a response (PROTOCOL §1, `error`): a header without a message_type, and empty JSON as data. */
export function errorFrame(error: string): FrameParts {
  return { header: { error } as unknown as Header, data: Buffer.from('{}') };
}
