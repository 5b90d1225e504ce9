// `tsx local/build-minio.ts`: builds the second store of the tests beforehand, so that its minutes are not
// those of a test.
import { buildMinio } from './minio.ts';

console.log(await buildMinio());
