// How a backfill ended, by its counts.
import assert from 'node:assert/strict';
import type { BackfillProgress } from '../../workflows/backfill/contract.ts';

/** Of the counts that are named. */
export function assertCounts(progress: BackfillProgress, wanted: Partial<BackfillProgress>): void {
  const got = Object.fromEntries(
    Object.keys(wanted).map((name) => [name, progress[name as keyof BackfillProgress]]),
  );
  assert.deepEqual(got, wanted, JSON.stringify(progress.failures));
}
