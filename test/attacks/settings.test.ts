// A sample of what `npm run test:settings` tries in full: settings profiles made from the server's own list
// of settings.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HARMLESS } from '../../clickhouse/profile-settings.ts';
import { PINNED_SETTINGS } from '../../clickhouse/pinned-settings.ts';
import { isAtLeast, VERSION_MIN } from '../../history/check-views.ts';
import { makeAttackedHistory, PROJECT } from './attacked-history.ts';
import { exportInterval } from './export-interval.ts';
import { withProfileServer } from './profile-server.ts';
import { runSettings } from './run-settings.ts';

const PROFILES = 30;
const ROOMS = 300;
const SEED = Number(process.env['SETTINGS_SEED'] ?? '1');

describe('the settings that the exporter states', () => {
  it('are known to the oldest server that is supported', () =>
    withProfileServer([], async ({ connection }) => {
      const answer = await connection.query({
        query: `SELECT version, change.1 AS name FROM system.settings_changes ARRAY JOIN changes AS change
          WHERE type = 'Session' AND change.1 IN {names:Array(String)} AND change.4 ILIKE '%new%setting%'`,
        query_params: { names: [...Object.keys(PINNED_SETTINGS), ...Object.keys(HARMLESS)] },
        format: 'JSONEachRow',
      });
      const added = await answer.json<{ version: string; name: string }>();
      assert.ok(added.length > 0);
      assert.deepEqual(
        added.filter(({ version }) => !isAtLeast(VERSION_MIN, version)),
        [],
      );
    }));
});

describe('the failure under a setting that breaks the question for settings itself', () => {
  const profiles = [
    { make_distributed_plan: '1' },
    { query_plan_max_optimizations_to_apply: '1' },
    { max_bytes_to_sort: '1' },
  ];
  it('names the setting all the same', () =>
    withProfileServer(
      profiles.map((settings) => ({ settings })),
      async ({ connection, connectionOf }) => {
        await makeAttackedHistory(connection, 50);
        for (const [index, profile] of profiles.entries())
          await assert.rejects(exportInterval(connectionOf(index), PROJECT), (error: Error) => {
            assert.ok(error.message.includes(Object.keys(profile).join()), error.message);
            return true;
          });
      },
    ));
});

describe('the export under settings profiles of its user', () => {
  it(`gives the same bytes or names the setting, for ${PROFILES} profiles of seed ${SEED}`, async () => {
    const { same, named, wrong } = await runSettings({ profiles: PROFILES, rooms: ROOMS, seed: SEED });
    assert.deepEqual(wrong, []);
    assert.equal(same + named, PROFILES);
    assert.ok(same > 0);
  });
});
