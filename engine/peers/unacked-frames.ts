/** The frames that one connection has sent and that are acknowledged one by one, with their sizes. */
export class UnackedFrames {
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  get count(): number {
    return this.#sizes.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(transportId: string, sizeBytes: number): void {
    this.#sizes.set(transportId, sizeBytes);
    this.#bytes += sizeBytes;
  }

  remove(transportId: string): void {
    this.#bytes -= this.#sizes.get(transportId) ?? 0;
    this.#sizes.delete(transportId);
  }

  clear(): void {
    this.#sizes.clear();
    this.#bytes = 0;
  }
}
