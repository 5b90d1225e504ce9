// `npm run oracle -- --rooms N --seed S [--seeds K] [--fields …] [--format …] [--compression …]`: random
// histories through the real stack, each file compared with the oracle's text byte for byte. Exit code 0: no
// difference and every edge reached; 1: else.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { z } from 'zod';
import { startStack } from '../../local/stack.ts';
import { checkHistory } from './check-history.ts';
import type { CheckedShape } from './check-history.ts';
import { missedEdges, newEdgeCounts } from './count-edges.ts';
import type { EdgeCounts } from './count-edges.ts';
import { withExportBench } from './export-bench.ts';
import type { ExportBench, Shape } from './export-bench.ts';

const USAGE = `usage: npm run oracle -- --rooms N --seed S [--seeds K] [--fields standard,extended] [--format json,ndjson] [--compression gzip,none]
  --rooms        random rooms of each history (default 2000)
  --seed         of the first history (default 1)
  --seeds        histories, with the seeds that follow (default 1)
  --fields, --format, --compression
                 what is exported, several separated by commas (default standard, json, gzip)`;

const DIFFERENCES_SHOWN = 10;

interface Asked {
  rooms: number;
  seeds: number[];
  shapes: Shape[];
}

async function main(): Promise<number> {
  const asked = readArguments();
  // The worker runs in this process; its troubles reach us as the run's failure.
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-oracle-'));
  const stack = await startStack({ folder, bucket: 'oracle-files', exporterReads: '*.*' });
  try {
    return await withExportBench(stack, (bench) => checkAll(bench, asked));
  } finally {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkAll(bench: ExportBench, { rooms, seeds, shapes }: Asked): Promise<number> {
  const edges = newEdgeCounts();
  let found = 0;
  const startedMs = Date.now();
  for (const seed of seeds) {
    const seedStartedMs = Date.now();
    const checked = await checkHistory(bench, { seed, rooms, shapes, edges });
    const ofSeed = checked.reduce((sum, { differences }) => sum + differences.length, 0);
    console.log(`seed ${seed}: ${rooms} rooms, ${ofSeed} differences, ${since(seedStartedMs)} s`);
    for (const each of checked) showDifferences(each, DIFFERENCES_SHOWN - found);
    found += ofSeed;
  }
  const missed = missedEdges(edges, rooms);
  console.log(edgeTable(edges));
  if (missed.length > 0) console.log(`never reached: ${missed.join(', ')}`);
  console.log(`${rooms * seeds.length} rooms, ${found} differences, ${since(startedMs)} s`);
  return found > 0 || missed.length > 0 ? 1 : 0;
}

function showDifferences({ shape, differences }: CheckedShape, most: number): void {
  for (const { kind, description } of differences.slice(0, Math.max(0, most)))
    console.log(`  ${shape.fields} ${shape.format} ${shape.compression}: ${kind}, ${description}`);
}

function edgeTable(edges: EdgeCounts): string {
  const lines = [...edges].map(([name, rooms]) => `  ${String(rooms).padStart(8)}  ${name}`);
  return ['rooms that reached each edge:', ...lines].join('\n');
}

function readArguments(): Asked {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { rooms: text, seed: text, seeds: text, fields: text, format: text, compression: text },
  });
  const several = <Value extends string>(allowed: readonly [Value, ...Value[]], byDefault: Value) =>
    z
      .string()
      .default(byDefault)
      .transform((list) => list.split(','))
      .pipe(z.array(z.enum(allowed)));
  const asked = z
    .object({
      rooms: z.coerce.number().int().min(0).max(20_000).default(2000),
      seed: z.coerce.number().int().default(1),
      seeds: z.coerce.number().int().min(1).default(1),
      fields: several(['standard', 'extended'], 'standard'),
      format: several(['json', 'ndjson'], 'json'),
      compression: several(['gzip', 'none'], 'gzip'),
    })
    .parse(values);
  const shapes = asked.fields.flatMap((fields) =>
    asked.format.flatMap((format) =>
      asked.compression.map((compression) => ({ fields, format, compression })),
    ),
  );
  return {
    rooms: asked.rooms,
    seeds: Array.from({ length: asked.seeds }, (_, index) => asked.seed + index),
    shapes,
  };
}

function since(startedMs: number): string {
  return ((Date.now() - startedMs) / 1000).toFixed(1);
}

/** What is wrong with the arguments, in words; undefined for every other error. */
function describeUsageError(error: unknown): string | undefined {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  const isOfParser =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  return isOfParser ? error.message : undefined;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const usageError = describeUsageError(error);
    console.error(usageError === undefined ? error : `${usageError}\n${USAGE}`);
    process.exitCode = 1;
  },
);
