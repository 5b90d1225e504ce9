// `npm run test:settings -- [--profiles N] [--rooms N] [--seed N]`: exports an interval under settings
// profiles made from `system.settings`. By default all profiles over 300 rooms, then 200 of them over 20,000
// rooms. Ends with 1 when a file differs or a failure names no setting.
import { parseArgs } from 'node:util';
import { runSettings } from './run-settings.ts';
import type { SettingsRun } from './run-settings.ts';

const EVERY = 100;

const { values } = parseArgs({
  options: {
    profiles: { type: 'string' },
    rooms: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const seed = Number(values.seed);
const { profiles, rooms } = values;
const runs: Omit<SettingsRun, 'seed'>[] =
  profiles === undefined && rooms === undefined
    ? [
        { profiles: 0, rooms: 300 },
        { profiles: 200, rooms: 20_000 },
      ]
    : [{ profiles: Number(profiles ?? '0'), rooms: Number(rooms ?? '300') }];

let wrongs = 0;
for (const run of runs) {
  const startedMs = Date.now();
  const report = await runSettings({
    ...run,
    seed,
    onProgress: (done, of) => {
      if (done % EVERY === 0) console.log(`${done} of ${of} profiles`);
    },
  });
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(0);
  for (const line of report.wrong) console.log(line);
  console.log(
    `${report.profiles} profiles over ${report.rooms} rooms, seed ${seed}: ${report.same} give the same bytes, ` +
      `${report.named} fail with a sentence that names the setting (${report.foreseen} of them in preflight, too), ` +
      `${report.wrong.length} are wrong; ${seconds} s`,
  );
  wrongs += report.wrong.length;
}
process.exitCode = wrongs === 0 ? 0 : 1;
