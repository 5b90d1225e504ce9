// Method: every small recording, and every sample dump where the folder is there, is imported into the real
// ClickHouse and shown in a dry run. The track totals that analyse computed there and those of the dry run
// must be the same, column for column. The rooms that the export writes from there and the finished rooms
// must be the same, byte for byte.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { dryRunImport } from '../../importers/dry-run.ts';
import { importFiles } from '../../importers/import-files.ts';
import { findSample } from '../unit/importers/reading.ts';
import { exportProject } from './exported-rooms.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';
import { FINALIZED_MS } from './import-database.ts';

const RECORDINGS = fileURLToPath(new URL('../unit/importers/recordings/', import.meta.url));
const SAMPLES = [
  'rtcstats/59c86272-03ea-42e9-a62d-1c8a272e8ab0.jsonl',
  'rtcstats/chrome-standard-multiple-p2p.jsonl',
  'rtcstats/google-standard-stats-p2p.jsonl',
  'rtcstats/google-standard-stats-sfu.jsonl',
  'webrtc-internals/sample-webrtc-internals-dump.txt',
];

describe('the dry run of an import', () => {
  let history: HistoryDatabase;
  before(async () => {
    history = await makeHistoryDatabase();
  });
  after(() => history.drop());

  const assertSame = async (projectId: string, paths: readonly string[]): Promise<void> => {
    await importFiles(history.connection, paths, { projectId, finalizedAtMs: FINALIZED_MS });
    const { trackTotals, finishedRooms } = await dryRunImport(paths, {
      projectId,
      finalizedAtMs: FINALIZED_MS,
    });
    const exported = await exportProject(history, projectId, {
      format: 'ndjson',
      fromMs: FINALIZED_MS,
      toMs: FINALIZED_MS + 1,
    });
    assert.equal(finishedRooms.map((room) => `${room}\n`).join(''), exported.text);
    const rows = await history.select(
      `SELECT * EXCEPT (project_id, finalized_at, version) FROM export_track_totals WHERE project_id = {project:String}
        ORDER BY session_id, peer_id, media, direction`,
      { project: projectId },
    );
    const asTexts = (row: object): Record<string, string> =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)]));
    assert.ok(rows.length > 0);
    assert.deepEqual(trackTotals.map(asTexts), rows.map(asTexts));
    assert.deepEqual(Object.keys(trackTotals[0] ?? {}), Object.keys(rows[0] ?? {}));
  };

  it('shows for all small recordings together the totals of analyse and the rooms of the export', async () => {
    const names = readdirSync(RECORDINGS).filter((name) => !name.endsWith('.md'));
    assert.ok(names.length >= 25);
    await assertSame(
      'recordings',
      names.map((name) => `${RECORDINGS}${name}`),
    );
  });

  for (const name of SAMPLES) {
    const { path, skip } = findSample(name);
    it(
      `shows of ${name} the totals that analyse computes, and the rooms that the export writes`,
      { skip },
      () => assertSame(name, [path ?? '']),
    );
  }
});
