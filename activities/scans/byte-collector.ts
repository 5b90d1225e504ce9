// Collects the pieces of an answer in one buffer, which is reused for later answers. All collectors of a
// batch share one bound.

/** The answers are larger than the buffers may grow. */
export class CollectorFullError extends Error {
  override readonly name = 'CollectorFullError';
}

/** The bytes that the answers of one batch may take together. */
export interface ByteBudget {
  readonly bytesMax: number;
  bytesUsed: number;
}

export class ByteCollector {
  length = 0;
  #bytes: Uint8Array;
  readonly #budget: ByteBudget;

  constructor(buffer: ArrayBufferLike, budget: ByteBudget) {
    this.#bytes = new Uint8Array(buffer);
    this.#budget = budget;
  }

  /** What has been collected. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** @throws CollectorFullError */
  push(piece: Uint8Array): void {
    const needed = this.length + piece.length;
    const budget = this.#budget;
    budget.bytesUsed += piece.length;
    if (budget.bytesUsed > budget.bytesMax)
      throw new CollectorFullError(`the columns of a range take more than ${budget.bytesMax} bytes`);
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(budget.bytesMax, Math.max(needed, 2 * this.#bytes.length)));
      larger.set(this.bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.length);
    this.length = needed;
  }
}
