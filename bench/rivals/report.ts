// The result: for each contender medians over the rounds, and how much faster ours was, round by round. As
// one JSON object, and as text.
import { availableParallelism, cpus } from 'node:os';
import { DEFLATE_LEVEL } from '../../activities/batch/gzip-framing.ts';
import { ELSEWHERE_SHARE_MAX } from '../processor-times.ts';
import { elsewhereShareOf } from './contender.ts';
import type { Contender, Measured } from './contender.ts';
import type { StoreKind } from './rivals-stack.ts';
import type { Compression } from './sql-statements.ts';

/** A run whose file was looked at. */
export interface Checked extends Measured {
  rawBytes: number;
  storedMegabytes: number | null;
}

/** One round: what each contender took. */
export type Round = ReadonlyMap<string, Checked>;

export interface Conditions {
  rooms: number;
  store: StoreKind;
  compression: Compression;
}

interface Spread {
  min: number;
  median: number;
  max: number;
}

interface ContenderReport {
  what: string;
  rooms: number;
  rawMegabytes: number;
  /** As the store has the file, after compression; null for a contender that makes none. */
  storedMegabytes: number | null;
  roomsPerSecond: Spread;
  megabytesPerSecond: Spread;
  /** Of each process, scaled to 100,000 rooms; medians. */
  processorSecondsPer100kRooms: Record<string, number>;
  /** Of all of them together. */
  processorSecondsPer100kRoomsInAll: number;
  /** Of the processor time that the machine had in a run, the share that other programs took; median. */
  elsewhereShare: number;
  /** Processor seconds that other programs of the machine used in a run; median. */
  elsewhereSeconds: number;
}

export interface Report {
  machine: { processors: number; model: string };
  rooms: number;
  rounds: number;
  store: StoreKind;
  compression: string;
  contenders: Record<string, ContenderReport>;
  /** Rooms/s of ours over rooms/s of the other, of the same round. */
  ratios: Record<string, Spread>;
}

const ROOMS_OF_SCALE = 100_000;

export function makeReport(
  contenders: readonly Contender[],
  rounds: readonly Round[],
  conditions: Conditions,
): Report {
  const speedsOf = ({ name, rooms }: Contender): number[] =>
    measuredOf(rounds, name).map(({ seconds }) => rooms / seconds);
  const [ours, ...others] = contenders;
  if (ours === undefined) throw new Error('nobody took part');
  const ourSpeeds = speedsOf(ours);
  const ratioTo = (other: Contender): Spread =>
    spreadOf(speedsOf(other).map((speed, round) => (ourSpeeds[round] ?? Number.NaN) / speed));
  return {
    machine: { processors: availableParallelism(), model: cpus()[0]?.model ?? 'unknown' },
    rooms: conditions.rooms,
    rounds: rounds.length,
    store: conditions.store,
    compression:
      conditions.compression === 'gzip' ? `gzip, deflate level ${DEFLATE_LEVEL} on all sides` : 'none',
    contenders: Object.fromEntries(
      contenders.map((contender) => [
        contender.name,
        reportOf(contender, measuredOf(rounds, contender.name)),
      ]),
    ),
    ratios: Object.fromEntries(others.map((other) => [other.name, ratioTo(other)])),
  };
}

export function describeReport(report: Report): string {
  const { machine, rooms, rounds, store, compression, contenders, ratios } = report;
  const lines = [
    `${rooms} rooms, ${rounds} rounds turn by turn, ${store}, compression ${compression}, ${machine.processors} processors (${machine.model})`,
    ...Object.entries(contenders).map(
      ([name, { what, storedMegabytes: stored }]) =>
        `  ${name.padEnd(10)} ${what}${stored === null ? '' : `; ${stored.toFixed(1)} MB stored`}`,
    ),
    '',
    'medians; MB before compression; processor seconds for 100,000 rooms; others: what other programs took of the machine in a run',
    toLine(['', 'rooms/s', 'min–max', 'MB/s', ...PROCESSES, 'in all', 'others']),
    ...Object.entries(contenders).map(([name, contender]) => toLine(cellsOf(name, contender))),
    '',
    'rooms/s of ours over rooms/s of the other, of the same round: min – median – max',
    ...Object.entries(ratios).map(([name, ratio]) => `  ours / ${name.padEnd(10)} ${describeSpread(ratio)}`),
  ];
  if (Object.values(contenders).some(({ elsewhereShare }) => elsewhereShare > ELSEWHERE_SHARE_MAX))
    lines.push(
      '',
      'Other programs took much of the machine: compare processor times, and measure rooms/s again when it is idle.',
    );
  return [...lines, ...describeBaseline(contenders)].join('\n');
}

function describeBaseline({ ours, baseline }: Report['contenders']): string[] {
  if (ours === undefined || baseline === undefined) return [];
  const clickHouse = ({ processorSecondsPer100kRooms }: ContenderReport): string =>
    (processorSecondsPer100kRooms['clickhouse'] ?? Number.NaN).toFixed(2);
  return [
    '',
    `ClickHouse's processor time for 100,000 rooms: ours ${clickHouse(ours)} s, baseline ${clickHouse(baseline)} s`,
  ];
}

const PROCESSES = ['clickhouse', 'temporal', 'store', 'worker', 'child'] as const;
const WIDTHS = [10, 8, 14, 7, 10, 9, 7, 7, 7, 7, 7] as const;

function cellsOf(name: string, of: ContenderReport): string[] {
  const { roomsPerSecond, megabytesPerSecond, processorSecondsPer100kRooms } = of;
  return [
    name,
    roomsPerSecond.median.toFixed(0),
    `${roomsPerSecond.min.toFixed(0)}–${roomsPerSecond.max.toFixed(0)}`,
    megabytesPerSecond.median.toFixed(0),
    ...PROCESSES.map((process) => processorSecondsPer100kRooms[process]?.toFixed(2) ?? ''),
    of.processorSecondsPer100kRoomsInAll.toFixed(2),
    `${(of.elsewhereShare * 100).toFixed(0)} %`,
  ];
}

function toLine(cells: readonly string[]): string {
  const [name = '', ...figures] = cells;
  return `  ${name.padEnd(WIDTHS[0])}${figures.map((cell, at) => cell.padStart(WIDTHS[at + 1] ?? 0)).join(' ')}`;
}

function reportOf({ what, rooms }: Contender, measured: readonly Checked[]): ContenderReport {
  const names = Object.keys(measured[0]?.processor ?? {});
  const processor = names.map((name) => [
    name,
    (medianOf(measured.map((run) => run.processor[name] ?? Number.NaN)) * ROOMS_OF_SCALE) / rooms,
  ]);
  return {
    what,
    rooms,
    rawMegabytes: medianOf(measured.map(({ rawBytes }) => rawBytes / 1e6)),
    storedMegabytes: measured.at(-1)?.storedMegabytes ?? null,
    roomsPerSecond: spreadOf(measured.map(({ seconds }) => rooms / seconds)),
    megabytesPerSecond: spreadOf(measured.map(({ rawBytes, seconds }) => rawBytes / 1e6 / seconds)),
    processorSecondsPer100kRooms: Object.fromEntries(processor) as Record<string, number>,
    processorSecondsPer100kRoomsInAll:
      (medianOf(measured.map((run) => sumOf(Object.values(run.processor)))) * ROOMS_OF_SCALE) / rooms,
    elsewhereShare: medianOf(measured.map(elsewhereShareOf)),
    elsewhereSeconds: medianOf(measured.map(({ elsewhere }) => elsewhere)),
  };
}

function measuredOf(rounds: readonly Round[], name: string): Checked[] {
  return rounds.map((round) => {
    const measured = round.get(name);
    if (measured === undefined) throw new Error(`${name} missed a round`);
    return measured;
  });
}

function spreadOf(values: readonly number[]): Spread {
  return { min: Math.min(...values), median: medianOf(values), max: Math.max(...values) };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Of an even number of values the mean of the two in the middle. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(at)] ?? Number.NaN) + (sorted[Math.ceil(at)] ?? Number.NaN)) / 2;
}

function describeSpread({ min, median, max }: Spread): string {
  return `${min.toFixed(2)} – ${median.toFixed(2)} – ${max.toFixed(2)}`;
}
