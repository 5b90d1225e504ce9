// A named object store with its credentials, as the operator configured it. Streams refer to it by name, and
// only activities read its contents. Only its name and bucket may appear in a log, a workflow or a manifest.

export type Destination = DestinationPlace & DestinationAccess;

export interface DestinationPlace {
  name: string;
  /** `http://host:port` or `https://host`, without a path. */
  endpoint: string;
  region: string;
  bucket: string;
  /** True: `endpoint/bucket/key`; false: `bucket.endpoint/key`. */
  pathStyle: boolean;
  /** The prefix of manifests, apart from the data; ends with a slash. */
  manifestPrefix: string;
  /**
   * Certificates in PEM format that are trusted in addition to the well-known authorities. Only for https.
   */
  caCertificates?: string;
  /**
   * The x-amz-server-side-encryption header of written objects: `AES256` or `aws:kms`. The bucket's default
   * applies when it is absent.
   */
  serverSideEncryption?: string;
  /** The key for `aws:kms`; the account's default key when absent. */
  kmsKeyId?: string;
}

/** The environment variable that sets this field of a destination. */
export function variableOf(destination: string, field: string): string {
  return `DESTINATION_${destination.toUpperCase().replaceAll('-', '_')}_${field}`;
}

export type DestinationAccess = StoreKeys | AwsCredentials;

/** Fixed keys of the destination. They are not renewed: with a session token they expire with it. */
export interface StoreKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/**
 * Credentials found the way AWS's own tools find them: environment, shared files, the role of the container
 * or the instance. They are renewed before they expire.
 */
export interface AwsCredentials {
  credentials: 'aws';
}
