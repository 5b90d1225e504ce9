// The least rights that a destination's keys need, as a policy document of S3's access management. Pure: what
// is asked of a store stands in activities/store/, what follows from it for an administrator stands here.

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
  /** Encryption with a key of the account's: reading a part back and completing need the key, too. */
  kms: { keyId: string | null } | null;
}

/** Of the bucket: without the right to list it, a store answers 403 instead of 404 for what is not there. */
const BUCKET_ACTIONS = ['s3:ListBucket', 's3:ListBucketMultipartUploads'];

/**
 * Of files and manifests. Nothing is deleted: old files are the customer's, and unfinished uploads are
 * aborted.
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

/** Those that lie under no other one. */
function widest(prefixes: readonly string[]): string[] {
  const all = [...new Set(prefixes)].sort();
  return all.filter((prefix) => !all.some((other) => other !== prefix && prefix.startsWith(other)));
}

/** `*`, `?` and `$` mean something in a policy; keys may hold them. */
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

/** Regions of AWS that are worlds of their own. */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
