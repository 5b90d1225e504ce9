// Finds records that another project left where a stream would write: a stream name or key space that was
// used before. This is checked before the stream is created or changed, so that no project's files are
// mistaken for another's or overwritten. It reads a few records and changes none.
import { projectsOf } from '../../workflows/model/cover.ts';
import { keySpaceOf, literalHeadOf, sharedKey } from '../../workflows/model/key-space.ts';
import { latestKeyOf, manifestKeyOf } from '../../workflows/model/manifest.ts';
import { toGot } from '../../workflows/model/problem.ts';
import type { StreamDefinition, StreamSettings } from '../../workflows/model/stream.ts';
import { readLatest, readManifest } from '../manifests/read-manifest.ts';
import type { OpenedDestination } from '../runtime/stage-tools.ts';
import { UnreadableRecordError } from '../runtime/stage-errors.ts';

/** The manifests that are listed to find the stream's own keys: one page. */
const KEYS_LOOKED_AT = 1_000;

interface ForeignRecord {
  /** The key of the record, for messages. */
  key: string;
  project: string;
}

/**
 * A sentence for each key that holds another project's record, or an object that is not a record. Empty when
 * the stream may write there.
 */
export async function foreignRecordProblems(
  stream: StreamDefinition,
  { settings, opened }: { settings: StreamSettings; opened: OpenedDestination },
  signal: AbortSignal,
): Promise<string[]> {
  const projects = projectsOf(stream);
  try {
    const latest = await latestOfOthers(opened, { stream, projects }, signal);
    if (latest !== null) return [describeForeign(stream, settings, latest)];
    const manifest = await manifestOfOthers(opened, { stream, settings, projects }, signal);
    return manifest === null ? [] : [describeForeign(stream, settings, manifest)];
  } catch (error) {
    if (error instanceof UnreadableRecordError)
      return [`name: got ${toGot(stream.name)}, whose runs would fail at ${error.message}`];
    throw error;
  }
}

async function latestOfOthers(
  opened: OpenedDestination,
  { stream, projects }: { stream: StreamDefinition; projects: readonly string[] },
  signal: AbortSignal,
): Promise<ForeignRecord | null> {
  const project = (await readLatest(opened, stream.name, { signal }))?.value.project;
  if (project === undefined || projects.includes(project)) return null;
  return { key: latestKeyOf(opened.destination.manifestPrefix, stream.name), project };
}

/** Checks the oldest, the second and the newest listed manifest under keys of the stream. */
async function manifestOfOthers(
  opened: OpenedDestination,
  {
    stream,
    settings,
    projects,
  }: { stream: StreamDefinition; settings: StreamSettings; projects: readonly string[] },
  signal: AbortSignal,
): Promise<ForeignRecord | null> {
  const { manifestPrefix } = opened.destination;
  const space = keySpaceOf(stream.name, settings);
  const ending = manifestKeyOf('', '');
  const keys: string[] = [];
  let looked = 0;
  for await (const { key } of opened.store.listKeys({
    prefix: `${manifestPrefix}${literalHeadOf(space)}`,
    signal,
  })) {
    const dataKey = key.slice(manifestPrefix.length, -ending.length);
    if (key.endsWith(ending) && sharedKey(space, { shape: dataKey, marked: dataKey }) !== null)
      keys.push(dataKey);
    if (++looked >= KEYS_LOOKED_AT) break;
  }
  for (const key of new Set([...keys.slice(0, 2), ...keys.slice(-1)])) {
    const project = (await readManifest(opened, key, signal))?.value.project;
    if (project !== undefined && !projects.includes(project))
      return { key: manifestKeyOf(manifestPrefix, key), project };
  }
  return null;
}

function describeForeign(
  { name }: StreamDefinition,
  { destination, project }: StreamSettings,
  { key, project: owner }: ForeignRecord,
): string {
  return `name: got ${toGot(name)} for project ${toGot(project)}, but in destination ${destination} that name belongs to project ${toGot(owner)}, as ${key} says; allowed: another name and prefix, or this one once that project's files, manifests and _latest.json are moved away or deleted`;
}
