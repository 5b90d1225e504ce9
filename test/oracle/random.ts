// Random numbers that are the same for the same seed, on every machine: sfc32, a small generator of good quality, fed from the seed by
// splitmix32. A fork is a generator of its own, so that one room does not depend on how many stand before it.

export class Random {
  readonly #state: Uint32Array;

  constructor(seed: number, ...path: readonly number[]) {
    let hash = 0x9e3779b9;
    for (const part of [seed, ...path]) hash = mix(hash ^ mix(part | 0));
    this.#state = Uint32Array.of(hash, mix(hash + 1), mix(hash + 2), 1);
    for (let round = 0; round < 12; round += 1) this.#next();
  }

  /** From 0, inclusive, to 1, exclusive. */
  fraction(): number {
    return this.#next() / 2 ** 32;
  }

  /** Both bounds included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.int(0, items.length - 1)] ?? items[0];
  }

  /** One of the items, each as likely as its weight says. */
  weighted<Item>(items: readonly [readonly [Item, weight: number], ...(readonly [Item, number])[]]): Item {
    const total = items.reduce((sum, [, weight]) => sum + weight, 0);
    let left = this.fraction() * total;
    for (const [item, weight] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return items[0][0];
  }

  /** So many results of `make`. */
  times<Item>(count: number, make: (index: number) => Item): Item[] {
    return Array.from({ length: count }, (_, index) => make(index));
  }

  /** A copy in any order. */
  shuffled<Item>(items: readonly Item[]): Item[] {
    return items
      .map((item) => ({ item, place: this.fraction() }))
      .sort((a, b) => a.place - b.place)
      .map(({ item }) => item);
  }

  #next(): number {
    const [a = 0, b = 0, c = 0, count = 0] = this.#state;
    const result = (a + b + count) >>> 0;
    this.#state[0] = b ^ (b >>> 9);
    this.#state[1] = c + (c << 3);
    this.#state[2] = ((c << 21) | (c >>> 11)) + result;
    this.#state[3] = count + 1;
    return result;
  }
}

function mix(value: number): number {
  let mixed = (value + 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
