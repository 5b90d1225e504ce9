// Third stage, for intervals of several ranges: reads the fingerprint of the interval again after the last
// batch. When it equals the plan's, every batch read the same history. Otherwise the stage returns the ranges
// that changed with their new fingerprints, and only those are exported again.
import { isSameFingerprint, sumRanges } from '../../workflows/model/plan.ts';
import type { CheckOutcome, CheckRequest } from '../../workflows/export/contract.ts';
import { fingerprintRange } from '../scans/fingerprint-range.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import type { StageTools } from '../runtime/stage-tools.ts';

export async function checkInterval(
  tools: StageTools,
  request: CheckRequest,
  run: StageRun,
): Promise<CheckOutcome> {
  const { ranges, target } = request;
  const projectId = target.settings.project;
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined) return { changed: [] };
  const planned = sumRanges(ranges);
  const whole = await fingerprintRange(
    tools.history,
    { projectId, from: first.from, to: last.to },
    run.signal,
  );
  if (isSameFingerprint(whole, planned)) return { changed: [] };

  const changed: CheckOutcome['changed'] = [];
  for (const [index, range] of ranges.entries()) {
    const fingerprint = await fingerprintRange(
      tools.history,
      { projectId, from: range.from, to: range.to },
      run.signal,
    );
    if (!isSameFingerprint(fingerprint, range.fingerprint))
      changed.push({ index, range: { ...range, fingerprint } });
    run.report({ ranges: index + 1, of: ranges.length, changed: changed.length });
  }
  return { changed };
}
