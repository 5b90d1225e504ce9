// The store contract against the embedded SeaweedFS, and against MinIO when ROOM_STREAMS_TEST_MINIO is 1:
// building MinIO takes minutes, so only the full test run asks for it. Keys are under a prefix of each run's
// own.
import { describe, it } from 'node:test';
import { Client } from 'minio';
import { startMinio } from '../../local/minio.ts';
import type { RunningMinio } from '../../local/minio.ts';
import { getTestStack } from '../stack.ts';
import { describeStore } from './store-contract.ts';

const BUCKET = 'store-contract';

describeStore(
  {
    name: 'SeaweedFS',
    staleEtag: 'named-bytes-kept',
    secondCompletion: 'same-answer',
  },
  async () => {
    const { store } = await getTestStack();
    const destination = { ...store, name: 'seaweedfs', pathStyle: true, manifestPrefix: '_manifests/' };
    return { destination, stop: () => Promise.resolve() };
  },
);

if (process.env['ROOM_STREAMS_TEST_MINIO'] === '1') {
  describeStore({ name: 'MinIO', staleEtag: 'refused', secondCompletion: 'refused' }, async () => {
    const minio = await startMinio();
    await makeBucket(minio);
    const destination = {
      name: 'minio',
      endpoint: minio.endpoint,
      region: minio.region,
      bucket: BUCKET,
      accessKeyId: minio.accessKeyId,
      secretAccessKey: minio.secretAccessKey,
      pathStyle: true,
      manifestPrefix: '_manifests/',
    };
    return { destination, stop: () => minio.stop() };
  });
} else {
  describe('the object store MinIO', () => {
    it('meets the contract', { skip: 'ROOM_STREAMS_TEST_MINIO is not 1' }, () => undefined);
  });
}

async function makeBucket(minio: RunningMinio): Promise<void> {
  const { hostname, port } = new URL(minio.endpoint);
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    accessKey: minio.accessKeyId,
    secretKey: minio.secretAccessKey,
    region: minio.region,
  });
  await client.makeBucket(BUCKET);
}
