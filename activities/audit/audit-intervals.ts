// For an audit: compares what the store has of some intervals with today's history. The first check is cheap,
// because usually nothing has changed. A finding is checked once more on its own: an answer may have been
// damaged in transit, or a run may have finished meanwhile.
import { setMaxListeners } from 'node:events';
import { Context } from '@temporalio/activity';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { AuditPage, Finding } from '../../workflows/audit/contract.ts';
import { coverFieldsOf, coversInterval, manifestProblems } from '../../workflows/model/cover.ts';
import { runIdOf } from '../../workflows/model/interval.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import type { Manifest } from '../../workflows/model/manifest.ts';
import { describeProblems } from '../../workflows/model/problem.ts';
import { isSameFingerprint, rangeOf } from '../../workflows/model/plan.ts';
import type { Fingerprint } from '../../workflows/model/plan.ts';
import { isWanted, settingsAt } from '../../workflows/model/stream.ts';
import type { StreamDefinition, StreamSettings } from '../../workflows/model/stream.ts';
import { fingerprintIntervals } from '../scans/fingerprint-intervals.ts';
import { fingerprintRange } from '../scans/fingerprint-range.ts';
import { innermostMessage } from '../runtime/innermost-message.ts';
import { inLanes } from '../../streams/in-lanes.ts';
import { isUnderWay } from '../export/look-back.ts';
import { compareFile } from '../manifests/compare-file.ts';
import { readManifest } from '../manifests/read-manifest.ts';
import { keyOf } from '../manifests/file-key.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { StageTools } from '../runtime/stage-tools.ts';
import { UnreadableRecordError } from '../runtime/stage-errors.ts';

/** Each interval takes two short requests to the store. */
const INTERVALS_AT_ONCE = 16;

/** The rooms that one fingerprint statement covers. It needs some tens of bytes of memory for each. */
const ROOMS_PER_QUERY = 1_000_000;

const NO_MANIFEST = 'no manifest';

/** Precedes the list of differences. */
const OF_OTHERS = 'its manifest is that of another file';

export interface AuditedIntervals {
  stream: StreamDefinition;
  /** In order. */
  intervals: Interval[];
}

interface Audited {
  interval: Interval;
  settings: StreamSettings;
  key: string;
}

/**
 * The result from the store: a finding, or the manifest to compare with the history. It is null when no file
 * is expected.
 */
type Stored = { finding: Found } | { manifest: Manifest } | null;
type Found = Pick<Finding, 'kind' | 'detail' | 'generation'>;

export async function auditIntervals(
  tools: StageTools,
  { stream, intervals }: AuditedIntervals,
  run: StageRun,
): Promise<AuditPage> {
  // Each request listens to the signal of the attempt.
  setMaxListeners(2 * INTERVALS_AT_ONCE, run.signal);
  const audited = intervals.map((interval): Audited => {
    const settings = settingsAt(stream, interval.startMs);
    return { interval, settings, key: keyOf({ stream: stream.name, settings, interval }) };
  });
  let looked = 0;
  const stored = await inLanes(audited, INTERVALS_AT_ONCE, async (one) => {
    const answer = await readStored(tools, { stream, one }, run);
    run.report({ looked: ++looked, of: intervals.length });
    return answer;
  });
  const suspicious = audited.filter((_one, index) => 'finding' in (stored[index] ?? {}));
  suspicious.push(...(await changedAmong(tools, { audited, stored }, run)));
  const page: AuditPage = { findings: [], underWay: 0 };
  for (const one of suspicious) {
    const again = await lookAgain(tools, { stream, one }, run);
    if (again === 'under-way') page.underWay += 1;
    else if (again !== null)
      page.findings.push({ interval: one.interval, key: one.key, ...again, repair: null });
  }
  page.findings.sort((a, b) => a.interval.startMs - b.interval.startMs);
  return page;
}

async function readStored(
  tools: StageTools,
  { stream, one }: { stream: StreamDefinition; one: Audited },
  run: StageRun,
): Promise<Stored> {
  const opened = openDestination(tools, one.settings.destination);
  try {
    const manifest = (await readManifest(opened, one.key, run.signal))?.value;
    const missing = (detail: string): Stored =>
      isWanted(stream, one.interval)
        ? { finding: { kind: 'missing-interval', detail, generation: manifest?.generation ?? null } }
        : null;
    if (manifest === undefined) return missing(NO_MANIFEST);
    const { interval, settings } = one;
    const wanted = coverFieldsOf({ stream: stream.name, settings, interval }, opened.destination.bucket);
    if (!coversInterval(manifest, wanted))
      return missing(`${OF_OTHERS}: ${describeProblems(manifestProblems(manifest, wanted))}`);
    const finding = compareFile(manifest, await opened.store.head({ key: one.key, signal: run.signal }));
    return finding === null ? { manifest } : { finding: { ...finding, generation: manifest.generation } };
  } catch (error) {
    if (!(error instanceof UnreadableRecordError)) throw error;
    return { finding: { kind: 'unreadable-manifest', detail: error.message, generation: null } };
  }
}

/** The intervals whose history differs from the one in their manifest. */
async function changedAmong(
  tools: StageTools,
  { audited, stored }: { audited: Audited[]; stored: Stored[] },
  run: StageRun,
): Promise<Audited[]> {
  const withManifest = audited.flatMap((one, index) => {
    const answer = stored[index] ?? null;
    return answer !== null && 'manifest' in answer ? [{ ...one, manifest: answer.manifest }] : [];
  });
  const changed: Audited[] = [];
  for (const group of toGroups(withManifest)) {
    const [first] = group;
    if (first === undefined) continue;
    const { project, everySeconds } = first.settings;
    const intervals = group.map(({ interval }) => interval);
    const fingerprints = await fingerprintIntervals(
      tools.history,
      { projectId: project, everySeconds, intervals },
      run.signal,
    );
    changed.push(...group.filter(({ manifest }, index) => !isSame(manifest, fingerprints[index])));
  }
  return changed;
}

function isSame({ history_fingerprint }: Manifest, fingerprint: Fingerprint | undefined): boolean {
  return fingerprint !== undefined && isSameFingerprint(fingerprint, history_fingerprint);
}

/** Groups neighbouring intervals of one project and length, up to a number of rooms each. */
function toGroups<One extends Audited & { manifest: Manifest }>(audited: readonly One[]): One[][] {
  const groups: One[][] = [];
  let rooms = 0;
  for (const one of audited) {
    const before = groups.at(-1)?.at(-1)?.settings;
    rooms += one.manifest.rooms;
    const isLike =
      before?.project === one.settings.project && before.everySeconds === one.settings.everySeconds;
    if (isLike && rooms <= ROOMS_PER_QUERY) groups.at(-1)?.push(one);
    else {
      groups.push([one]);
      rooms = one.manifest.rooms;
    }
  }
  return groups;
}

/** Null when the second check finds nothing. */
async function lookAgain(
  tools: StageTools,
  { stream, one }: { stream: StreamDefinition; one: Audited },
  run: StageRun,
): Promise<Found | 'under-way' | null> {
  const { client } = Context.current();
  const runId = runIdOf(stream.name, one.interval);
  if (await isUnderWay(client, runId)) return 'under-way';
  const stored = await readStored(tools, { stream, one }, run);
  if (stored === null) return null;
  if ('finding' in stored) {
    const { finding } = stored;
    if (finding.detail !== NO_MANIFEST) return finding;
    return { ...finding, detail: await whyMissing(client, runId) };
  }
  const { manifest } = stored;
  const whole = { projectId: one.settings.project, ...rangeOf(one.interval) };
  const now = await fingerprintRange(tools.history, whole, run.signal);
  if (isSame(manifest, now)) return null;
  const detail = describeChange(manifest.history_fingerprint, now);
  return { kind: 'history-changed', detail, generation: manifest.generation };
}

function describeChange(before: Fingerprint, now: Fingerprint): string {
  const counts = (['rooms', 'peers', 'totals'] as const)
    .filter((name) => before[name] !== now[name])
    .map((name) => `${before[name]} ${name}, now ${now[name]}`);
  return counts.length > 0 ? counts.join('; ') : 'as many rows, other versions: something was corrected';
}

async function whyMissing(client: Client, runId: string): Promise<string> {
  try {
    await client.workflow.getHandle(runId).result();
    return 'its run ended well, and its manifest is gone';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'Temporal knows of no run';
    if (!(error instanceof WorkflowFailedError)) throw error;
    return `its run failed: ${innermostMessage(error)}`;
  }
}
