/** A whole message, or the beginning of a long one. Its texts are raw: make them safe before you draw them. */
export interface MessageBody {
  /** The header as on the wire, one `key: value` per line. */
  readonly headerLines: readonly string[];
  /** The data as text. */
  readonly text: string;
  /** The same bytes in base64: data need not be text. */
  readonly base64: string;
  /** The number of bytes of the data that are not here. */
  readonly omittedBytes: number;
  /** The size of its binary part, which is not here. */
  readonly binaryBytes: number;
}

/** The whole of one log entry. */
export interface Body extends MessageBody {
  readonly id: number;
}

/** The beginning of a message's data, in both forms. */
export function bodyData(
  data: Buffer,
  sizes: { readonly dataBytes: number; readonly maxBytes: number },
): Pick<MessageBody, 'text' | 'base64' | 'omittedBytes'> {
  const shown = data.subarray(0, Math.min(sizes.dataBytes, sizes.maxBytes));
  return {
    text: shown.toString('utf8'),
    base64: shown.toString('base64'),
    omittedBytes: sizes.dataBytes - shown.length,
  };
}
