// Last stage: the manifest, whose presence is the sign of a complete file, then the pointer to the stream's newest interval. Written
// only while the object that lies there is this run's own, never over a higher generation; the pointer never goes backwards.
import { toRfc3339 } from '../workflows/model/interval.ts';
import {
  FORMULA_VERSIONS,
  latestKeyOf,
  MANIFEST_VERSION,
  manifestKeyOf,
  SCHEMA_VERSION,
  type Manifest,
} from '../workflows/model/manifest.ts';
import { type ManifestRequest } from '../workflows/model/stages.ts';
import { toRecordBytes } from './manifests/manifest-record.ts';
import { readLatest, readManifest } from './manifests/read-manifest.ts';
import { type StageRun } from './run-stage.ts';
import { FileReplacedError } from './stage-errors.ts';
import { openDestination, type OpenedDestination, type StageTools } from './stage-tools.ts';

export async function writeManifest(
  tools: StageTools,
  request: ManifestRequest,
  run: StageRun,
): Promise<Manifest> {
  const opened = openDestination(tools, request.target.settings.destination);
  const { key, writeId } = request.plan;
  const existing = await readManifest(opened, key, run.signal);
  if (existing?.write_id === writeId) {
    await moveLatest(opened, existing, run);
    return existing;
  }
  if (existing !== null && existing.generation >= request.plan.generation) {
    throw new FileReplacedError(
      `${key}: generation ${existing.generation} was made meanwhile; this run made ${request.plan.generation}`,
    );
  }
  await assertFileIsOurs(opened, request, run);
  const manifest = manifestOf(opened, request, run, tools.nowMs());
  await opened.store.putObject({
    key: manifestKeyOf(opened.destination.manifestPrefix, key),
    body: toRecordBytes(manifest),
    contentType: 'application/json',
    signal: run.signal,
  });
  await assertFileIsOurs(opened, request, run);
  await moveLatest(opened, manifest, run);
  return manifest;
}

async function assertFileIsOurs(
  { store }: OpenedDestination,
  { plan, file }: ManifestRequest,
  run: StageRun,
): Promise<void> {
  if (file === null) return;
  const head = await store.head({ key: plan.key, signal: run.signal });
  if (head?.etag === file.etag && head.size === file.bytes) return;
  throw new FileReplacedError(`${plan.key}: the object that lies there is not the one this run completed`);
}

async function moveLatest(
  { store, destination }: OpenedDestination,
  manifest: Manifest,
  run: StageRun,
): Promise<void> {
  const latest = await readLatest({ store, destination }, manifest.stream, run.signal);
  if (latest !== null && Date.parse(latest.interval_end) > Date.parse(manifest.interval_end)) return;
  await store.putObject({
    key: latestKeyOf(destination.manifestPrefix, manifest.stream),
    body: toRecordBytes({
      stream: manifest.stream,
      interval_start: manifest.interval_start,
      interval_end: manifest.interval_end,
      key: manifest.key,
      manifest_key: manifestKeyOf(destination.manifestPrefix, manifest.key),
      rooms: manifest.rooms,
      size_bytes: manifest.size_bytes,
      completed_at: manifest.completed_at,
    }),
    contentType: 'application/json',
    signal: run.signal,
  });
}

function manifestOf(
  { destination }: OpenedDestination,
  request: ManifestRequest,
  run: StageRun,
  nowMs: number,
): Manifest {
  const { target, plan, file, faultyRooms, startedAtMs } = request;
  const { settings, interval, stream } = target;
  return {
    manifest_version: MANIFEST_VERSION,
    schema_version: SCHEMA_VERSION,
    formula_versions: { ...FORMULA_VERSIONS },
    stream,
    project: settings.project,
    interval_start: toRfc3339(interval.startMs),
    interval_end: toRfc3339(interval.endMs),
    every_seconds: settings.everySeconds,
    settle_seconds: settings.settleSeconds,
    format: settings.format,
    compression: settings.compression,
    fields: settings.fields,
    bucket: destination.bucket,
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
