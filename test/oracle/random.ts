// Random numbers that are the same for the same seed, on every machine: sfc32, a small generator of good
// quality, fed from the seed by splitmix32. A fork is a generator of its own, so that one room does not
// depend on how many stand before it.

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: number, ...path: readonly number[]) {
    let hash = 0x9e3779b9;
    for (const part of [seed, ...path]) hash = mix(hash ^ mix(part | 0));
    this.#a = hash | 0;
    this.#b = mix(hash + 1) | 0;
    this.#c = mix(hash + 2) | 0;
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
    const result = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }
}

function mix(value: number): number {
  let mixed = (value + 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
