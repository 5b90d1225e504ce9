// The minimal rights that a destination's keys need, as an S3 policy document. Pure: the requests to a store
// are in store/, and this file derives the rights from them.

export interface S3Statement {
  /** Letters and digits only. */
  Sid: string;
  Effect: 'Allow';
  Action: string[];
  Resource: string[];
}

export interface S3Policy {
  Version: '2012-10-17';
  Statement: S3Statement[];
}

export interface PolicyPlace {
  /** The destination's name. */
  name: string;
  region: string;
  bucket: string;
  manifestPrefix: string;
  dataPrefixes: readonly string[];
  /** Encryption with a key of the account. Reading a part back and completing an upload need the key too. */
  kms: { keyId: string | null } | null;
}

/**
 * Actions on the bucket. Without the right to list it, a store answers 403 instead of 404 for a missing
 * object.
 */
const BUCKET_ACTIONS = ['s3:ListBucket', 's3:ListBucketMultipartUploads'];

/**
 * Actions on files and manifests. No file is deleted: old files belong to the customer, and unfinished
 * uploads are aborted.
 */
const OBJECT_ACTIONS = [
  's3:PutObject',
  's3:GetObject',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
];

const KEY_ACTIONS = ['kms:GenerateDataKey', 'kms:Decrypt'];

export function toS3Policy(places: readonly PolicyPlace[]): S3Policy {
  return { Version: '2012-10-17', Statement: places.flatMap(toStatements) };
}

function toStatements(place: PolicyPlace): S3Statement[] {
  const { name, region, bucket, manifestPrefix, dataPrefixes, kms } = place;
  const sid = name.replaceAll(/(^|-)([a-z0-9]?)/g, (_all, _dash, first: string) => first.toUpperCase());
  const partition = partitionOf(region);
  const arn = `arn:${partition}:s3:::${bucket}`;
  const prefixes = widest([manifestPrefix, ...dataPrefixes]);
  const statements: S3Statement[] = [
    { Sid: `${sid}Bucket`, Effect: 'Allow', Action: [...BUCKET_ACTIONS], Resource: [arn] },
    {
      Sid: `${sid}Objects`,
      Effect: 'Allow',
      Action: [...OBJECT_ACTIONS],
      Resource: prefixes.map((prefix) => `${arn}/${escapeForPolicy(prefix)}*`),
    },
  ];
  if (kms !== null)
    statements.push({
      Sid: `${sid}Key`,
      Effect: 'Allow',
      Action: [...KEY_ACTIONS],
      Resource: [toKeyArn(kms.keyId, { partition, region })],
    });
  return statements;
}

/** The prefixes that no other prefix includes. */
function widest(prefixes: readonly string[]): string[] {
  const all = [...new Set(prefixes)].sort();
  return all.filter((prefix) => !all.some((other) => other !== prefix && prefix.startsWith(other)));
}

/** Escapes `*`, `?` and `$`, which are special in a policy and may appear in keys. */
function escapeForPolicy(prefix: string): string {
  return prefix.replaceAll(/[*?$]/g, (character) => `\${${character}}`);
}

function toKeyArn(
  keyId: string | null,
  { partition, region }: { partition: string; region: string },
): string {
  if (keyId?.startsWith('arn:') === true) return keyId;
  const key = keyId === null || keyId.startsWith('alias/') ? '*' : keyId;
  return `arn:${partition}:kms:${region}:*:key/${key}`;
}

/** AWS partitions that are separate from the standard one. */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
