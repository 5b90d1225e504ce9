// Last stage: writes the manifest, whose presence marks the file as complete, then the pointer to the
// stream's newest interval. The manifest is written only while the stored object is this run's own, and never
// over a higher generation. The pointer never moves backwards.
import { coverFieldsOf } from '../../workflows/model/cover.ts';
import {
  isWhole,
  latestKeyOf,
  MANIFEST_VERSION,
  manifestKeyOf,
  WRITE_ID_METADATA,
} from '../../workflows/model/manifest.ts';
import type { Found, LatestPointer, Manifest } from '../../workflows/model/manifest.ts';
import type { CompletedFile, ManifestRequest } from '../../workflows/export/contract.ts';
import { toPointerMetadata, toRecordBytes } from '../manifests/manifest-record.ts';
import { readLatest, readManifest } from '../manifests/read-manifest.ts';
import type { Stored } from '../manifests/read-manifest.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { FileReplacedError } from '../runtime/stage-errors.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { OpenedDestination, StageTools } from '../runtime/stage-tools.ts';
import type { ObjectHead } from '../../store/object-store.ts';
import { StoreError } from '../../store/store-errors.ts';

export async function writeManifest(
  tools: StageTools,
  request: ManifestRequest,
  run: StageRun,
): Promise<Manifest> {
  const opened = openDestination(tools, request.target.settings.destination);
  // A clock that was set back meanwhile does not make a file complete before its run began.
  const nowMs = Math.max(tools.nowMs(), request.startedAtMs);
  const manifest = await putManifest(opened, request, run, nowMs);
  await moveLatest(opened, { manifest, target: request.target }, run);
  return manifest;
}

/**
 * Replaces only the manifest that was read, so that a delayed attempt changes nothing after its successor has
 * finished. The plan read it first; it is read again only when it has changed since.
 */
async function putManifest(
  opened: OpenedDestination,
  request: ManifestRequest,
  run: StageRun,
  nowMs: number,
): Promise<Manifest> {
  const { key: fileKey, writeId, manifestEtag } = request.plan;
  const key = manifestKeyOf(opened.destination.manifestPrefix, fileKey);
  const planned = manifestOf(opened, request, run, nowMs);
  const read = manifestEtag === null ? null : { etag: manifestEtag };
  await assertFileIsOurs(opened, request, run);
  let manifest = planned;
  let isPut = await putOver(opened, { key, record: manifest, existing: read }, run);
  while (!isPut) {
    const existing = await readManifest(opened, fileKey, run.signal);
    if (existing?.value.write_id === writeId && isWhole(existing.value)) return existing.value;
    await assertFileIsOurs(opened, request, run);
    manifest = { ...planned, ...lineageOver(existing, request) };
    isPut = await putOver(opened, { key, record: manifest, existing }, run);
  }
  await assertFileIsOurs(opened, request, run);
  return manifest;
}

/**
 * The generation and predecessor of a manifest that replaces `existing`. An existing manifest of the same
 * generation is from a run whose file ours replaced: both were planned before either had a manifest.
 * @throws FileReplacedError when a higher generation exists
 */
function lineageOver(
  existing: Stored<Found<Manifest>> | null,
  { plan }: ManifestRequest,
): Pick<Manifest, 'generation' | 'supersedes'> {
  const { generation = 0, write_id: supersedes = null } = existing?.value ?? {};
  if (generation < plan.generation) return { generation: plan.generation, supersedes: plan.supersedes };
  if (generation === plan.generation) return { generation: generation + 1, supersedes };
  throw new FileReplacedError(
    `${plan.key}: generation ${generation} was made meanwhile; this run made ${plan.generation}`,
  );
}

async function assertFileIsOurs(
  { store }: OpenedDestination,
  { plan, file }: ManifestRequest,
  run: StageRun,
): Promise<void> {
  if (file === null) return;
  // A lost file fails the run for good, so one answer is not enough: it may have been damaged in transit.
  let head: ObjectHead | null = null;
  for (let looks = 0; looks < 2; looks += 1) {
    head = await store.head({ key: plan.key, signal: run.signal });
    if (head !== null && isFileOf(head, { plan, file })) return;
  }
  throw new FileReplacedError(
    head === null
      ? `${plan.key}: the store has no object there any more (HTTP 404), though this run completed one`
      : `${plan.key}: the object that is stored there is not the one this run completed`,
  );
}

/** The write id is compared too, because another run with the same bytes has the same ETag. */
function isFileOf(
  { etag, size, metadata }: ObjectHead,
  { plan, file }: { plan: ManifestRequest['plan']; file: CompletedFile },
): boolean {
  return etag === file.etag && size === file.bytes && metadata[WRITE_ID_METADATA] === plan.writeId;
}

async function moveLatest(
  opened: OpenedDestination,
  { manifest, target }: { manifest: Manifest; target: ManifestRequest['target'] },
  run: StageRun,
): Promise<void> {
  const { manifestPrefix } = opened.destination;
  const record = latestOf(manifest, manifestPrefix);
  const key = latestKeyOf(manifestPrefix, manifest.stream);
  for (;;) {
    const existing = await readLatest(opened, manifest.stream, { signal: run.signal });
    if (existing !== null && isNewer(existing.value, manifest, target)) return;
    if (await putOver(opened, { key, record, existing, metadata: toPointerMetadata(record) }, run)) return;
  }
}

/**
 * A pointer of another project, left under the stream's name, does not belong to the stream and is ignored.
 */
function isNewer(
  { project, interval_end: end }: Found<LatestPointer>,
  manifest: Manifest,
  { projects = [manifest.project] }: ManifestRequest['target'],
): boolean {
  if (project === undefined || !projects.includes(project)) return false;
  return Date.parse(end ?? '') > Date.parse(manifest.interval_end);
}

/** False when another writer has replaced the object since it was read. */
async function putOver(
  { store }: OpenedDestination,
  {
    key,
    record,
    existing,
    metadata = {},
  }: {
    key: string;
    record: Manifest | LatestPointer;
    existing: Pick<Stored<unknown>, 'etag'> | null;
    metadata?: Record<string, string>;
  },
  run: StageRun,
): Promise<boolean> {
  try {
    await store.putObject({
      key,
      body: toRecordBytes(record),
      contentType: 'application/json',
      metadata,
      signal: run.signal,
      ...(existing === null ? { ifNoneMatch: '*' } : { ifMatch: existing.etag }),
    });
    return true;
  } catch (error) {
    if (error instanceof StoreError && LOST_RACE.includes(error.code)) return false;
    throw error;
  }
}

/**
 * The codes by which stores report that the condition of a put does not hold. The last one means that the
 * object no longer exists.
 */
const LOST_RACE: readonly string[] = ['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey'];

function latestOf(manifest: Manifest, manifestPrefix: string): LatestPointer {
  const { project, destination, bucket, format, compression, fields } = manifest;
  return {
    stream: manifest.stream,
    project,
    destination,
    bucket,
    format,
    compression,
    fields,
    schema_version: manifest.schema_version,
    formula_versions: manifest.formula_versions,
    interval_start: manifest.interval_start,
    interval_end: manifest.interval_end,
    key: manifest.key,
    manifest_key: manifestKeyOf(manifestPrefix, manifest.key),
    rooms: manifest.rooms,
    size_bytes: manifest.size_bytes,
    started_at: manifest.started_at,
    completed_at: manifest.completed_at,
  };
}

function manifestOf(
  { destination }: OpenedDestination,
  request: ManifestRequest,
  run: StageRun,
  nowMs: number,
): Manifest {
  const { target, plan, file, faultyRooms, startedAtMs } = request;
  const { settings } = target;
  return {
    manifest_version: MANIFEST_VERSION,
    ...coverFieldsOf(target, destination.bucket),
    every_seconds: settings.everySeconds,
    settle_seconds: settings.settleSeconds,
    key: plan.key,
    file_written: file !== null,
    etag: file?.etag ?? null,
    size_bytes: file?.bytes ?? 0,
    raw_size_bytes: file?.rawBytes ?? 0,
    raw_crc32: (file?.crc32 ?? 0).toString(16).padStart(8, '0'),
    rooms: plan.fingerprint.rooms,
    peers: plan.fingerprint.peers,
    rooms_with_faults: faultyRooms,
    parts: file?.parts ?? 0,
    history_fingerprint: plan.fingerprint,
    generation: plan.generation,
    supersedes: plan.supersedes,
    write_id: plan.writeId,
    workflow_id: run.workflowId,
    run_id: run.runId,
    started_at: new Date(startedAtMs).toISOString(),
    completed_at: new Date(nowMs).toISOString(),
  };
}
