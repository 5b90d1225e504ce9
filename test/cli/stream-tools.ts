// What the tests of streams share: the command line in this process, and the files of a stream.
import { runCliHere } from '../run-cli-here.ts';
import type { EndedProgram } from '../../local/run-program.ts';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import type { ExportBench } from '../export-bench.ts';
import { storedManifestKeyOf } from '../../local/file-keys.ts';
import { until } from '../../local/until.ts';

export function createArgs(name: string, more: readonly string[] = []): string[] {
  return ['stream', 'create', name, '--project', 'p', '--destination', 'local', '--settle', '0s', ...more];
}

/** The command line in this process, under the bench's environment. */
export function cli(bench: ExportBench, ...args: string[]): Promise<EndedProgram> {
  return runCliHere(args, bench.environment);
}

export function fileIsThere(
  bench: ExportBench,
  stream: StreamDefinition,
  interval: Interval,
): Promise<unknown> {
  return until(
    `the file of ${toRfc3339(interval.endMs)} is there`,
    async () => (await manifestOf(bench, stream, interval)) ?? undefined,
  );
}

export function manifestOf(bench: ExportBench, stream: StreamDefinition, interval: Interval) {
  return bench.store.head({ key: storedManifestKeyOf(stream, interval) });
}
