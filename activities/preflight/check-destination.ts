// Tries every request that runs and audits send to a destination, under every prefix that they write to, and
// reports the result of each. It leaves nothing behind: objects it puts have their own names and are removed.
// Where that is not allowed, they are not put.
import type { DestinationCheck, DestinationReport } from '../../workflows/questions/preflight-contract.ts';
import { CheckList } from './check-list.ts';
import { checkMultipart } from './check-multipart.ts';
import { checkRecords } from './check-records.ts';
import { PROBE_STEM, removeProbes } from './probe.ts';
import type { Probing } from './probe.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { OpenedDestination, StageTools } from '../runtime/stage-tools.ts';

/** Each prefix costs a dozen requests. A hundred prefixes rarely have a hundred different rights. */
const PREFIXES_MAX = 10;

/**
 * Objects are removed even when the check was cancelled. A store that does not answer by then is not waited
 * for.
 */
const CLEAN_UP_MS = 10_000;

export async function checkDestination(
  tools: StageTools,
  request: DestinationCheck,
  run: StageRun,
): Promise<DestinationReport> {
  const opened = openDestination(tools, request.name);
  const { destination } = opened;
  const list = new CheckList();
  const report = { name: request.name, bucket: destination.bucket, lines: list.lines };
  const isReached = await list.try(
    {
      name: 'bucket',
      allowed: `a store that answers, with a bucket ${destination.bucket} that may be listed`,
    },
    async () => {
      await opened.store.checkBucket({ signal: run.signal });
      return { got: 'can be listed', value: true };
    },
  );
  if (isReached === undefined) return report;
  await checkPrefixes(opened, request, { list, run });
  return report;
}

async function checkPrefixes(
  opened: OpenedDestination,
  { dataPrefixes, probeId }: DestinationCheck,
  { list, run }: { list: CheckList; run: StageRun },
): Promise<void> {
  const { store, destination } = opened;
  const { manifestPrefix } = destination;
  const probing = { store, list, signal: run.signal, probeId };
  const mayDelete = await checkDelete(probing, manifestPrefix);
  const tried = dataPrefixes.slice(0, PREFIXES_MAX);
  for (const prefix of tried)
    if (prefix.startsWith(manifestPrefix))
      list.fail(
        { name: `${prefix}: apart from manifests`, allowed: `a prefix outside of ${manifestPrefix}` },
        `files would lie among the manifests of destination ${destination.name}`,
      );
  try {
    for (const prefix of [...tried, manifestPrefix]) {
      run.report({ prefix });
      await checkMultipart({ ...probing, prefix, mayDelete });
    }
    await checkRecords({ ...probing, prefix: manifestPrefix, mayDelete });
  } finally {
    for (const prefix of [...tried, manifestPrefix])
      await removeProbes(
        { ...probing, prefix, mayDelete, signal: AbortSignal.timeout(CLEAN_UP_MS) },
        'what was put is taken away',
      );
  }
  if (tried.length < dataPrefixes.length) {
    list.skip(
      { name: `${dataPrefixes.length - tried.length} more prefixes`, allowed: 'the same as above' },
      `${PREFIXES_MAX} were tried; name others with --prefix`,
    );
  }
}

/**
 * Stores answer the deletion of a missing object with success or with a missing right. Only the preflight
 * itself needs this right.
 */
async function checkDelete(
  { store, list, signal, probeId }: Omit<Probing, 'prefix' | 'mayDelete'>,
  prefix: string,
): Promise<boolean> {
  const deleted = await list.try(
    { name: 'delete', allowed: 'not needed; with it, whole files are tried, too', isOptional: true },
    async () => {
      await store.deleteObject({ key: `${prefix}${PROBE_STEM}-${probeId}-none`, signal });
      return { got: 'allowed', value: true };
    },
  );
  return deleted ?? false;
}
