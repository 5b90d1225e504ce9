// Exports one interval under many settings profiles, each the profile of a user of its own, and says of each
// what came of it: the same bytes, a failure that names a setting of the profile, or what must not be.
import { setTimeout as wait } from 'node:timers/promises';
import { exportInterval } from './export-interval.ts';
import type { ExportedInterval } from './export-interval.ts';
import { makeAttackedHistory, PROJECT } from './attacked-history.ts';
import { makeProfiles } from './profiles.ts';
import type { Profile } from './profiles.ts';
import { withProfileServer } from './profile-server.ts';
import { checkHistory } from '../../activities/preflight/check-history.ts';
import type { HistoryConnection } from '../../clickhouse/history-client.ts';
import { openHistoryReader } from '../../clickhouse/history-reader.ts';
import { PINNED_SETTINGS } from '../../clickhouse/pinned-settings.ts';
import { Random } from '../faults/random.ts';

export interface SettingsRun {
  rooms: number;
  /** As many profiles; 0: all. Half of a sample are those whose settings the exporter states itself. */
  profiles: number;
  seed: number;
  onProgress?: (done: number, of: number) => void;
}

export interface SettingsReport {
  profiles: number;
  rooms: number;
  same: number;
  /** Failed with a sentence that names a setting of the profile. */
  named: number;
  /** Of these, the preflight failed, too, with a line that names it. */
  foreseen: number;
  /** What must not be, a line each. */
  wrong: string[];
}

/** A run takes a second, on a busy machine ten; a statement that hangs is found by this. */
const RUN_TIMEOUT_MS = 180_000;

/** About two parts for a small interval, a few for a large one. */
const RANGE_BYTES = { small: 800_000, large: 16_000_000 } as const;

export async function runSettings(run: SettingsRun): Promise<SettingsReport> {
  const all = await withProfileServer([], ({ connection }) => makeProfiles(connection));
  const profiles = run.profiles === 0 ? all : sampleOf(all, run);
  const users = profiles.map((settings) => ({ settings }));
  return withProfileServer(users, async ({ connection, plain, connectionOf }) => {
    await makeAttackedHistory(connection, run.rooms);
    const rangeBytes = run.rooms > 1_000 ? RANGE_BYTES.large : RANGE_BYTES.small;
    const expected = await exportInterval(plain, PROJECT, rangeBytes);
    if (expected.rooms !== run.rooms || expected.ranges < 2)
      throw new Error(`without a profile: got ${expected.rooms} rooms in ${expected.ranges} ranges`);
    const report: SettingsReport = {
      profiles: profiles.length,
      rooms: run.rooms,
      same: 0,
      named: 0,
      foreseen: 0,
      wrong: [],
    };
    for (const [index, profile] of profiles.entries()) {
      const exporting = exportInterval(connectionOf(index), PROJECT, rangeBytes);
      const outcome = await outcomeOf(exporting, expected);
      judge(profile, outcome, report);
      judgePreflight(profile, { outcome, failed: await preflightOf(connectionOf(index)) }, report);
      run.onProgress?.(index + 1, profiles.length);
    }
    return report;
  });
}

type Outcome = { kind: 'same' } | { kind: 'differs'; got: string } | { kind: 'failed'; message: string };

async function outcomeOf(exporting: Promise<ExportedInterval>, expected: ExportedInterval): Promise<Outcome> {
  const timer = new AbortController();
  const late = wait(RUN_TIMEOUT_MS, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new Error(`no end within ${RUN_TIMEOUT_MS / 1000} s`);
  });
  try {
    const got = await Promise.race([exporting, late]);
    const isSame = JSON.stringify({ ...got, file: '' }) === JSON.stringify({ ...expected, file: '' });
    if (isSame && got.file === expected.file) return { kind: 'same' };
    return {
      kind: 'differs',
      got: `${got.rooms} rooms, ${got.file.length} bytes, ${got.fingerprints.join()}`,
    };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  } finally {
    late.catch(() => undefined);
    timer.abort();
  }
}

function judge(profile: Profile, outcome: Outcome, report: SettingsReport): void {
  const names = Object.keys(profile);
  if (outcome.kind === 'same') report.same += 1;
  else if (outcome.kind === 'failed' && names.some((name) => outcome.message.includes(name)))
    report.named += 1;
  else {
    const said =
      outcome.kind === 'failed' ? `fails without naming it: ${outcome.message}` : `differs: ${outcome.got}`;
    report.wrong.push(`${JSON.stringify(profile)} ${said}`);
  }
}

/** What a preflight under this profile says is wrong. */
async function preflightOf(connection: HistoryConnection): Promise<string[]> {
  const history = openHistoryReader(connection);
  try {
    const lines = await checkHistory({ history, hide: (text) => text });
    return lines.filter(({ outcome }) => outcome === 'failed').map(({ name, got }) => `${name}: ${got}`);
  } finally {
    await history.close();
  }
}

/**
 * A preflight that fails names the setting, and never fails where the export does not. A limit may be met by
 * large intervals only.
 */
function judgePreflight(
  profile: Profile,
  { outcome, failed }: { outcome: Outcome; failed: string[] },
  report: SettingsReport,
): void {
  if (failed.length === 0) return;
  const isNamed = failed.some((line) => Object.keys(profile).some((name) => line.includes(name)));
  if (outcome.kind === 'failed' && isNamed) report.foreseen += 1;
  else
    report.wrong.push(
      `${JSON.stringify(profile)} (the export: ${outcome.kind}) preflight: ${failed.join('; ')}`,
    );
}

/** Profiles with settings that decide about an answer, and as many of all others, at random. */
function sampleOf(all: readonly Profile[], { profiles, seed }: SettingsRun): Profile[] {
  const random = new Random(seed);
  const decide = new Set(Object.keys(PINNED_SETTINGS));
  const isDeciding = (profile: Profile) => Object.keys(profile).some((name) => decide.has(name));
  const take = (from: Profile[], count: number) => {
    const left = [...from];
    return Array.from({ length: Math.min(count, left.length) }, () =>
      left.splice(random.below(left.length), 1),
    ).flat();
  };
  const half = Math.ceil(profiles / 2);
  const deciding = take(all.filter(isDeciding), half);
  return [
    ...deciding,
    ...take(
      all.filter((profile) => !isDeciding(profile)),
      profiles - deciding.length,
    ),
  ];
}
