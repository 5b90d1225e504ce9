// A named object store with its credentials, as the operator configured it. Streams name it; only activities
// see what is in it, and nothing of it but the name and the bucket may stand in a log, a workflow or a
// manifest.

export type Destination = DestinationPlace & DestinationAccess;

export interface DestinationPlace {
  name: string;
  /** `http://host:port` or `https://host`, without a path. */
  endpoint: string;
  region: string;
  bucket: string;
  /** True: `endpoint/bucket/key`; false: `bucket.endpoint/key`. */
  pathStyle: boolean;
  /** Where manifests lie, apart from the data; ends with a slash. */
  manifestPrefix: string;
  /** In PEM format: trusted besides the well-known authorities. Only over https. */
  caCertificates?: string;
  /**
   * Value of x-amz-server-side-encryption for what is written: `AES256` or `aws:kms`. The bucket's own
   * default when not given.
   */
  serverSideEncryption?: string;
  /** Of `aws:kms`; the account's default key when not given. */
  kmsKeyId?: string;
}

/** The variable by which an operator sets this field of a destination. */
export function variableOf(destination: string, field: string): string {
  return `DESTINATION_${destination.toUpperCase().replaceAll('-', '_')}_${field}`;
}

export type DestinationAccess = StoreKeys | AwsCredentials;

/** Keys of the destination's own. They are not renewed: with a session token they end with it. */
export interface StoreKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/**
 * As AWS's own tools find them: environment, shared files, the role of the container or the instance. Renewed
 * before they expire.
 */
export interface AwsCredentials {
  credentials: 'aws';
}
