// A named object store with its credentials, as the operator configured it. Streams name it; only activities see what is in it, and
// nothing of it but the name and the bucket may stand in a log, a workflow or a manifest.

export interface Destination {
  name: string;
  /** `http://host:port` or `https://host`, without a path. */
  endpoint: string;
  region: string;
  bucket: string;
  /** True: `endpoint/bucket/key`; false: `bucket.endpoint/key`. */
  pathStyle: boolean;
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** Where manifests lie, apart from the data; ends with a slash. */
  manifestPrefix: string;
  /** Value of x-amz-server-side-encryption for what is written: `AES256` or `aws:kms`. The bucket's own default when not given. */
  serverSideEncryption?: string;
}
