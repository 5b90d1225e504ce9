// A bucket with versioning and object lock, as regulated operators have them: no version can be deleted for a
// day. Files are made, made again and verified all the same, and the preflight finds nothing wrong.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client, RETENTION_MODES, RETENTION_VALIDITY_UNITS } from 'minio';
import { startMinio } from '../../local/minio.ts';
import type { RunningMinio } from '../../local/minio.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { HOUR, startTestWorker, withExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { cli } from '../cli/stream-tools.ts';

const BUCKET = 'locked-files';
const skip = process.env['ROOM_STREAMS_TEST_MINIO'] === '1' ? false : 'ROOM_STREAMS_TEST_MINIO is not 1';

describe('a bucket with versioning and object lock', { skip }, () => {
  it('takes a file, takes it again one generation higher, and passes preflight and verify', async () => {
    const minio = await startMinio();
    try {
      await makeLockedBucket(minio);
      await withExportBench(
        async (bench) => {
          const environment = { ...bench.environment, ...variablesOf(minio) };
          const worker = await startTestWorker(bench.configured(variablesOf(minio)));
          try {
            const project = bench.unique('locked');
            const span = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
            await makeHistory(bench.connection, { rooms: 200, seed: 3, projectId: project, ...span });
            const stream = makeStream(project, { destination: 'locked', compression: 'gzip' });
            const first = await bench.run(stream, HOUR);
            assert.equal(first.outcome, 'complete');
            const second = await bench.run(stream, HOUR, true);
            assert.equal(second.manifest?.generation, 2);
            assert.equal(second.manifest.raw_crc32, first.manifest?.raw_crc32);
            const own = { ...bench, environment };
            const verified = await cli(
              own,
              'verify',
              second.manifest.key,
              '--destination',
              'locked',
              '--deep',
            );
            assert.equal(verified.code, 0, verified.stderr);
            const preflight = await cli(own, 'preflight', 'locked');
            assert.equal(preflight.code, 0, preflight.stdout);
          } finally {
            await worker.stop();
          }
        },
        { startsWorker: false },
      );
    } finally {
      await minio.stop();
    }
  });
});

async function makeLockedBucket(minio: RunningMinio): Promise<void> {
  const { hostname, port } = new URL(minio.endpoint);
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    region: minio.region,
    accessKey: minio.accessKeyId,
    secretKey: minio.secretAccessKey,
  });
  await client.makeBucket(BUCKET, minio.region, { ObjectLocking: true });
  const lock = {
    mode: RETENTION_MODES.COMPLIANCE,
    unit: RETENTION_VALIDITY_UNITS.DAYS,
    validity: 1,
  } as const;
  // eslint-disable-next-line @typescript-eslint/await-thenable, @typescript-eslint/no-confusing-void-expression -- minio-js declares the promise as void
  await client.setObjectLockConfig(BUCKET, lock);
  const locked = await new Promise((resolve) => {
    client.getObjectLockConfig(BUCKET, (_error, info) => resolve(info.mode));
  });
  assert.equal(locked, 'COMPLIANCE');
  assert.deepEqual(await client.getBucketVersioning(BUCKET), { Status: 'Enabled' });
}

function variablesOf(minio: RunningMinio): Record<string, string> {
  return {
    DESTINATIONS: 'locked',
    DESTINATION_LOCKED_ENDPOINT: minio.endpoint,
    DESTINATION_LOCKED_BUCKET: BUCKET,
    DESTINATION_LOCKED_ACCESS_KEY_ID: minio.accessKeyId,
    DESTINATION_LOCKED_SECRET_ACCESS_KEY: minio.secretAccessKey,
  };
}
