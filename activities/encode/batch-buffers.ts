// The bodies of the batches under way: each slot of a worker has one buffer, which serves batch after batch. A buffer that had to grow for one
// unusual batch is dropped afterwards, so that memory does not depend on the largest room ever seen.

export class BatchBuffers {
  readonly #bytes: number;
  readonly #free: ArrayBuffer[] = [];

  /** @param bytes what the body of a batch of the planned size needs, with some room to spare */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** A free buffer, or a new one: no more batches are under way at once than the worker has slots. */
  take(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(this.#bytes);
  }

  /** For the next batch. One that was lost to a failure is simply not given back. */
  giveBack(buffer: ArrayBufferLike): void {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === this.#bytes) this.#free.push(buffer);
  }
}
