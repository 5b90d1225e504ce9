// Runs in words: one line for where a run is, a few for what it ended with.
import { type RunProgress, type RunSummary } from '../workflows/model/run.ts';
import { toByteText } from './print.ts';

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
  if (manifest === null) return lines.join('\n');
  const file = manifest.file_written
    ? `${manifest.bucket}/${manifest.key}`
    : 'no file: the interval is empty';
  lines.push(
    `  file        ${file}`,
    `  rooms       ${manifest.rooms} (${manifest.peers} peers, ${manifest.rooms_with_faults} with faults)`,
    `  size        ${toByteText(manifest.size_bytes)} stored, ${toByteText(manifest.raw_size_bytes)} raw, ${manifest.parts} parts`,
    `  generation  ${manifest.generation}${batchesRedone > 0 ? `, ${batchesRedone} batches made again` : ''}`,
  );
  return lines.join('\n');
}
