// The least rights that the keys of destinations need: only a worker knows their buckets, prefixes and encryption.
import { type PolicyRequest } from '../workflows/model/preflight.ts';
import { toS3Policy, type S3Policy } from '../workflows/model/s3-policy.ts';
import { openDestination, type StageTools } from './stage-tools.ts';

export function describePolicy(tools: StageTools, { destinations }: PolicyRequest): S3Policy {
  const places = destinations.map(({ name, dataPrefixes }) => {
    const { destination } = openDestination(tools, name);
    const { region, bucket, manifestPrefix, serverSideEncryption, kmsKeyId } = destination;
    const kms = serverSideEncryption === 'aws:kms' ? { keyId: kmsKeyId ?? null } : null;
    return { name, region, bucket, manifestPrefix, dataPrefixes, kms };
  });
  return toS3Policy(places);
}
