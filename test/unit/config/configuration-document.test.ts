// docs/configuration.md against the variables that are read: every one is listed, with the default that the
// program uses.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { VARIABLES, readMigrationConfig, readWorkerConfig } from '../../../config/config.ts';
import { toConfigurationTables } from '../../../local/configuration-tables.ts';
import { withGenerated } from '../../../local/generated-section.ts';
import { ROOT } from '../../deployment-files.ts';

const DOCUMENT = readFileSync(`${ROOT}docs/configuration.md`, 'utf8');
const EXAMPLE = readFileSync(`${ROOT}.env.example`, 'utf8');

/** What has no default, and nothing else. */
const MINIMAL = {
  DESTINATIONS: 'files',
  DESTINATION_FILES_ENDPOINT: 'http://store',
  DESTINATION_FILES_BUCKET: 'rooms',
  DESTINATION_FILES_ACCESS_KEY_ID: 'id',
  DESTINATION_FILES_SECRET_ACCESS_KEY: 'secret',
};

describe('docs/configuration.md', () => {
  it('has the tables that are generated from the schemas (npm run docs:configuration)', () => {
    const generated = withGenerated(DOCUMENT, 'npm run docs:configuration', toConfigurationTables(EXAMPLE));
    assert.equal(DOCUMENT, generated);
  });

  it('lists every variable that is read, and no other', () => {
    const { temporal, clickHouse, exporter, admin, worker, alerts } = VARIABLES;
    const read = [
      ...[...temporal, ...clickHouse, ...exporter, ...admin, ...worker],
      ...[...VARIABLES.destination('files'), ...alerts, ...VARIABLES.webhook('ops')],
    ];
    assert.deepEqual([...defaults().keys()], read);
  });

  it('shows the defaults that a process starts with', () => {
    const { temporal, clickHouse, destinations, batches, pauseAfterFailed } = readWorkerConfig(MINIMAL);
    const { admin } = readMigrationConfig({});
    const files = destinations.get('files');
    const expected = {
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      TEMPORAL_TASK_QUEUE: temporal.taskQueue,
      TEMPORAL_TLS: temporal.tls,
      CLICKHOUSE_URL: clickHouse.url,
      CLICKHOUSE_DATABASE: clickHouse.database,
      CLICKHOUSE_USER: clickHouse.user,
      CLICKHOUSE_ADMIN_USER: admin.user,
      BATCHES_AT_ONCE: batches.atOnce,
      BATCH_MB_PLAIN: batches.rangeBytesPlain / 1_000_000,
      BATCH_MB_GZIP: batches.rangeBytesGzip / 1_000_000,
      DESTINATION_FILES_REGION: files?.region,
      DESTINATION_FILES_PATH_STYLE: files?.pathStyle,
      DESTINATION_FILES_MANIFEST_PREFIX: files?.manifestPrefix,
      PAUSE_AFTER_FAILED: pauseAfterFailed,
    };
    const shown = defaults();
    for (const [name, value] of Object.entries(expected)) assert.equal(shown.get(name), `\`${value}\``, name);
  });
});

/** The second column of every row, by the first. */
function defaults(): Map<string, string> {
  const rows = [...DOCUMENT.matchAll(/^\| `([A-Z_]+)` \| ([^|]*) \|/gm)];
  return new Map(rows.map(([, name = '', value = '']) => [name, value]));
}
