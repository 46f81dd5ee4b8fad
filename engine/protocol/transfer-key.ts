import type { Header } from './header.ts';

/** Names the transfer with which the file of a message has crossed. */
export const TRANSFER_KEY = 'aioc_transfer';

/** The transfer with the file of a received message; undefined if it has none. */
export function transferOf(header: Header): string | undefined {
  const id = header[TRANSFER_KEY];
  return typeof id === 'string' ? id : undefined;
}

/** The same message for its listener. */
export function withoutTransfer({ [TRANSFER_KEY]: _id, ...header }: Header): Header {
  return header as Header;
}
