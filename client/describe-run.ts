// Describes runs for people: one line says which stage a run has reached, and a few lines say how it ended.
import type { RunProgress, RunSummary } from '../workflows/model/run.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import { toByteText, toColumns } from './print.ts';
import type { ShownStage } from './run-history.ts';
import type { ShownRun } from './show-run.ts';

export function describeProgress(progress: RunProgress): string {
  const { state, roomsDone, roomsPlanned, batchesDone, batchesPlanned, rawBytesDone, note } = progress;
  const counts =
    batchesPlanned === 0
      ? ''
      : `  ${roomsDone} of ${roomsPlanned} rooms, ${batchesDone} of ${batchesPlanned} batches, ${toByteText(rawBytesDone)} raw`;
  return `${state.padEnd(10)}${counts}${note === null ? '' : `  (${note})`}`;
}

export function describeSummary({ outcome, interval, manifest, batchesRedone }: RunSummary): string {
  const lines = [`${outcome}: ${interval}`];
  if (manifest !== null) lines.push(...describeManifest(manifest, batchesRedone));
  return lines.join('\n');
}

function describeManifest(manifest: Manifest, batchesRedone: number): string[] {
  const file = manifest.file_written
    ? `${manifest.bucket}/${manifest.key}`
    : 'no file: the interval is empty';
  return [
    `  file        ${file}`,
    `  rooms       ${manifest.rooms} (${manifest.peers} peers, ${manifest.rooms_with_faults} with faults)`,
    `  size        ${toByteText(manifest.size_bytes)} stored, ${toByteText(manifest.raw_size_bytes)} raw, ${manifest.parts} parts`,
    `  generation  ${manifest.generation}${batchesRedone > 0 ? `, ${batchesRedone} batches made again` : ''}`,
  ];
}

export function describeShown(shown: ShownRun): string {
  const { workflowId, status, startedAt, closedAt, progress, stages, failure, summary, manifest } = shown;
  const lines = [
    `run ${workflowId}  ${status}`,
    `  started ${startedAt}${closedAt === null ? '' : `, ended ${closedAt}`}`,
  ];
  if (progress !== null && closedAt === null) lines.push(`  ${describeProgress(progress)}`);
  lines.push(...describeStages(stages));
  if (failure !== null) lines.push(`  failed: ${failure.replaceAll('\n', '\n  ')}`);
  else if (shown.retry !== null) lines.push(`  to make it: ${shown.retry}`);
  if (summary !== null) lines.push(describeSummary(summary));
  if (manifest !== null)
    lines.push(
      `complete: ${manifest.interval_start}..${manifest.interval_end}, says the manifest; Temporal has forgotten the run`,
      ...describeManifest(manifest, 0),
    );
  if (shown.page !== null) lines.push(`  ${shown.page}`);
  return lines.join('\n');
}

function describeStages(stages: readonly ShownStage[]): string[] {
  const rows = stages.map((stage) => {
    const { name, state, done, of, attempts, startedAt, endedAt, lastFailure } = stage;
    const tookMs = endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt);
    return [
      `  ${name}`,
      of === 1 ? state : `${state} (${done} of ${of})`,
      tookMs === null ? `since ${startedAt}` : `${(tookMs / 1000).toFixed(tookMs < 10_000 ? 2 : 0)} s`,
      attempts === 1 ? '1 attempt' : `${attempts} attempts`,
      // A stage that is done has recovered from its earlier failures.
      lastFailure === null || (state === 'done' && attempts === 1) ? '' : firstLineOf(lastFailure),
    ];
  });
  return toColumns(rows).map((line) => line.trimEnd());
}

function firstLineOf(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
