// Describes the minimal rights that the keys of destinations need. Only a worker knows their buckets,
// prefixes and encryption.
import type { PolicyRequest } from '../../workflows/questions/preflight-contract.ts';
import { toS3Policy } from '../../workflows/questions/s3-policy.ts';
import type { S3Policy } from '../../workflows/questions/s3-policy.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { StageTools } from '../runtime/stage-tools.ts';

export function describePolicy(tools: StageTools, { destinations }: PolicyRequest): S3Policy {
  const targets = destinations.map(({ name, dataPrefixes }) => {
    const { destination } = openDestination(tools, name);
    const { region, bucket, manifestPrefix, serverSideEncryption, kmsKeyId } = destination;
    const kms = serverSideEncryption === 'aws:kms' ? { keyId: kmsKeyId ?? null } : null;
    return { name, region, bucket, manifestPrefix, dataPrefixes, kms };
  });
  return toS3Policy(targets);
}
