// A sample of what `npm run test:settings` tries in full: settings profiles made from the server's own list
// of settings.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runSettings } from './run-settings.ts';

const PROFILES = 30;
const ROOMS = 300;
const SEED = Number(process.env['SETTINGS_SEED'] ?? '1');

describe('the export under settings profiles of its user', () => {
  it(`gives the same bytes or names the setting, for ${PROFILES} profiles of seed ${SEED}`, async () => {
    const { same, named, wrong } = await runSettings({ profiles: PROFILES, rooms: ROOMS, seed: SEED });
    assert.deepEqual(wrong, []);
    assert.equal(same + named, PROFILES);
    assert.ok(same > 0);
  });
});
