// Walks the rows of batch after batch.

export class Cursor<Batch extends { rows: number }> {
  /** The batch of the current row; undefined behind the last row. */
  batch: Batch | undefined;
  /** The current row within its batch. */
  row = 0;
  /** How many rows have been passed. */
  passed = 0;
  readonly #batches: readonly Batch[];
  #next = 1;

  /** None of the batches is empty. */
  constructor(batches: readonly Batch[]) {
    this.#batches = batches;
    this.batch = batches[0];
  }

  next(): void {
    this.passed += 1;
    this.row += 1;
    if (this.batch === undefined || this.row < this.batch.rows) return;
    this.batch = this.#batches[this.#next++];
    this.row = 0;
  }
}

/** A list of rows whose storage serves room after room. */
export class RowList<Batch> {
  length = 0;
  readonly #batches: (Batch | undefined)[] = [];
  readonly #rows: number[] = [];

  clear(): void {
    this.length = 0;
  }

  push(batch: Batch, row: number): void {
    this.#batches[this.length] = batch;
    this.#rows[this.length] = row;
    this.length += 1;
  }

  /** Replaces the row at `index`. */
  set(index: number, batch: Batch, row: number): void {
    this.#batches[index] = batch;
    this.#rows[index] = row;
  }

  /** @throws RangeError beyond the list */
  batchAt(index: number): Batch {
    const batch = this.#batches[index];
    if (batch === undefined || index >= this.length) throw new RangeError(`no row at ${index}`);
    return batch;
  }

  rowAt(index: number): number {
    return this.#rows[index] ?? 0;
  }

  /** Sorts by `compare`, which gets two rows. Keeps the order of rows that are equal. */
  sort(compare: (a: { batch: Batch; row: number }, b: { batch: Batch; row: number }) => number): void {
    const all = Array.from({ length: this.length }, (_, at) => ({
      batch: this.batchAt(at),
      row: this.rowAt(at),
    }));
    all.sort(compare);
    for (const [at, { batch, row }] of all.entries()) this.set(at, batch, row);
  }
}
