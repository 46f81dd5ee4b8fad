export interface TransferSource {
  readonly kind: 'file' | 'tree';
  readonly sizeBytes: number | undefined;
  readonly mode: number;
  readonly mtimeMs: number;
  read(from: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}
