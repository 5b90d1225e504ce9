// What benchmarks print: times as median and 90th percentile, and how busy the machine was meanwhile, without
// which no time means anything.
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';

export interface Times {
  median: number;
  /** `median 0.41, 90 % under 0.52, worst 0.80 s (of 30)`. */
  text: string;
}

export function describeTimes(times: readonly number[], unit: 's' | 'ms'): Times {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  const show = (value: number): string => value.toFixed(unit === 's' ? 2 : 0);
  const median = at(0.5);
  const text = `median ${show(median)}, 90 % under ${show(at(0.9))}, best ${show(at(0))}, worst ${show(at(1))} ${unit} (of ${sorted.length})`;
  return { median, text };
}

/** `load 1.3 on 2 processors`: the average of the last minute. */
export function describeLoad(): string {
  return `load ${(loadavg()[0] ?? 0).toFixed(1)} on ${availableParallelism()} processors`;
}

/** `--NAME 1000`. */
export function parseCount(name: string, usual: number): number {
  return parseCounts({ [name]: usual })[name] ?? usual;
}

/**
 * `--NAME 1000 --OTHER 3`.
 * @param usual what each is when it is not given.
 * @param least what each may be at least; 1 when it is not named.
 */
export function parseCounts<Name extends string>(
  usual: Readonly<Record<Name, number>>,
  least: Partial<Record<Name, number>> = {},
): Record<Name, number> {
  const names = Object.keys(usual) as Name[];
  const options = Object.fromEntries(
    names.map((name) => [name, { type: 'string', default: String(usual[name]) }] as const),
  );
  const { values } = parseArgs({ options });
  const counts: Record<Name, number> = { ...usual };
  for (const name of names) {
    const count = Number(values[name]);
    const min = least[name] ?? 1;
    if (!Number.isSafeInteger(count) || count < min)
      throw new Error(`--${name}: got "${String(values[name])}", allowed: a whole number from ${min}`);
    counts[name] = count;
  }
  return counts;
}
