// `npm run history:make -- --rooms N --seed S [--project P] [--from T --to T]`: fills the history with
// made-up rooms, as the administrator named by the environment, and says how long it took. The tables must be
// there (room-streams migrate).
import { parseArgs } from 'node:util';
import { openConnection, toAccessError } from '../clickhouse/connection.ts';
import { makeHistory } from '../history/make/make-history.ts';
import { readClickHouseAdmin } from '../config/config.ts';

const HOUR_MS = 3_600_000;
const USAGE =
  'npm run history:make -- --rooms N --seed S [--project made] [--from 2026-11-23T10:00:00Z --to 2026-11-23T11:00:00Z]\n' +
  'Without --from and --to the rooms are finalised in the last full hour.';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rooms: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      project: { type: 'string', default: 'made' },
      from: { type: 'string' },
      to: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const lastHourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const toMs = values.to === undefined ? lastHourMs : parseTimeMs('to', values.to);
  const fromMs = values.from === undefined ? toMs - HOUR_MS : parseTimeMs('from', values.from);
  const rooms = Number(values.rooms);
  const target = readClickHouseAdmin();
  const connection = openConnection(target);
  const startedMs = Date.now();
  try {
    await makeHistory(connection, {
      rooms,
      seed: Number(values.seed),
      projectId: values.project,
      fromMs,
      toMs,
      onProgress: (made) => process.stderr.write(`${made} of ${rooms} rooms\n`),
    });
  } catch (error) {
    throw toAccessError(error, target);
  } finally {
    await connection.close();
  }
  const seconds = (Date.now() - startedMs) / 1000;
  console.log(
    `${rooms} rooms of project ${values.project}, finalised from ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}, made in ${seconds.toFixed(1)} s`,
  );
}

function parseTimeMs(name: string, text: string): number {
  const ms = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new RangeError(`--${name}: got ${text}, allowed is a time with its zone, 2026-11-23T10:00:00Z`);
  return ms;
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
