// The buffers for the bodies of the batches in progress. Each slot of a worker has one buffer, which is
// reused for the next batch. A buffer that had to grow for one unusual batch is dropped afterwards, so that
// memory does not depend on the largest room ever seen. The main thread and the worker threads share the
// buffers. When they were transferred instead, V8 counted each as new memory and collected garbage for every
// batch.

export class BatchBuffers {
  readonly #bytes: number;
  readonly #free: SharedArrayBuffer[] = [];

  /** @param bytes the size of each buffer: a body of the planned size and some head room */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** A free buffer, or a new one. The worker's slots limit how many are in use at once. */
  take(): SharedArrayBuffer {
    return this.#free.pop() ?? new SharedArrayBuffer(this.#bytes);
  }

  /**
   * Returns a buffer for the next batch. A buffer that a failed batch may still write to is not given back.
   */
  giveBack(buffer: ArrayBufferLike): void {
    if (buffer instanceof SharedArrayBuffer && buffer.byteLength === this.#bytes) this.#free.push(buffer);
  }
}
