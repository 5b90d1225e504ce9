// The bodies of the batches under way: each slot of a worker has one buffer, which serves batch after batch.
// A buffer that had to grow for one unusual batch is dropped afterwards, so that memory does not depend on
// the largest room ever seen. The main thread and the worker threads share the buffers: passing them to and
// fro makes V8 count each as new memory, and collect garbage for every batch.

export class BatchBuffers {
  readonly #bytes: number;
  readonly #free: SharedArrayBuffer[] = [];

  /** @param bytes what the body of a batch of the planned size needs, with some room to spare */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** A free buffer, or a new one: no more batches are under way at once than the worker has slots. */
  take(): SharedArrayBuffer {
    return this.#free.pop() ?? new SharedArrayBuffer(this.#bytes);
  }

  /** For the next batch. One that was lost to a failure is simply not given back. */
  giveBack(buffer: ArrayBufferLike): void {
    if (buffer instanceof SharedArrayBuffer && buffer.byteLength === this.#bytes) this.#free.push(buffer);
  }
}
