// The memory of batches: each slot of a worker has one set of buffers, which serves batch after batch. Buffers that had to grow for one
// unusual batch are dropped afterwards, so that memory does not depend on the largest room ever seen.

/** What one batch needs: a buffer for each scan, and one for the body of its part. */
export interface BufferSet {
  rooms: ArrayBuffer;
  peers: ArrayBuffer;
  totals: ArrayBuffer;
  output: ArrayBuffer;
}

export type BufferSizes = Readonly<Record<keyof BufferSet, number>>;

export class BatchBuffers {
  readonly #sizes: BufferSizes;
  readonly #free: BufferSet[] = [];

  /** @param sizes bytes that a batch of the planned size needs, with some room to spare */
  constructor(sizes: BufferSizes) {
    this.#sizes = sizes;
  }

  /** A free set, or a new one: no more batches are under way at once than the worker has slots. */
  take(): BufferSet {
    const { rooms, peers, totals, output } = this.#sizes;
    return (
      this.#free.pop() ?? {
        rooms: new ArrayBuffer(rooms),
        peers: new ArrayBuffer(peers),
        totals: new ArrayBuffer(totals),
        output: new ArrayBuffer(output),
      }
    );
  }

  /** For the next batch. A set whose buffers were lost to a failure is simply not given back. */
  giveBack(set: BufferSet): void {
    const kept = (name: keyof BufferSet) =>
      set[name].byteLength === this.#sizes[name] ? set[name] : new ArrayBuffer(this.#sizes[name]);
    this.#free.push({
      rooms: kept('rooms'),
      peers: kept('peers'),
      totals: kept('totals'),
      output: kept('output'),
    });
  }
}
