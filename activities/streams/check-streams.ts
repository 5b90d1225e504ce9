// Checks whether streams could run, before they are created or changed: their fields, whether this worker
// knows their destinations, whether the buckets can be reached, and that no two streams write the same keys.
// Problems are returned as sentences. Only errors that prevent the check are thrown.
import { isDeepStrictEqual } from 'node:util';
import type { Client } from '@temporalio/client';
import type { StreamChecks } from '../../workflows/export/contract.ts';
import { isUnderPrefix, keySpaceOf, ownKeyProblems, sharedKey } from '../../workflows/model/key-space.ts';
import type { KeySpace } from '../../workflows/model/key-space.ts';
import { toGot } from '../../workflows/model/problem.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { streamProblems } from '../../workflows/model/stream-problems.ts';
import { inLanes } from '../../streams/in-lanes.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { UnknownDestinationError } from '../runtime/stage-errors.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { StageTools } from '../runtime/stage-tools.ts';
import { StoreError } from '../../store/store-errors.ts';
import { foreignRecordProblems } from './foreign-records.ts';
import { listStreamStates } from '../../streams/stream-schedules.ts';

/** Streams whose records are read at once. Each takes a few small requests. */
const STREAMS_AT_ONCE = 16;

/** Checks the proposed streams against all existing ones and against each other. */
export async function checkStreams(
  tools: StageTools,
  { streams, client }: { streams: readonly StreamDefinition[]; client: Client },
  run: StageRun,
): Promise<StreamChecks> {
  const byDestination = new Map<string, string | undefined>();
  for (const name of new Set(streams.flatMap(destinationsOf)))
    byDestination.set(name, await destinationProblem(tools, name, run.signal));
  const asked = new Set(streams.map(({ name }) => name));
  const others = (await listStreamStates(client)).states.map(({ stream }) => stream);
  const taken = new TakenKeys(tools);
  for (const other of others) if (!asked.has(other.name)) taken.add(other);
  const isUsable = (name: string): boolean => byDestination.get(name) === undefined;
  const foreign = await foreignOf(tools, { streams, others, isUsable }, run);
  const problems = streams.map((stream, index) => {
    const own = streamProblems(stream);
    // Keys can only be compared when they are valid.
    if (own.length === 0)
      own.push(
        ...ownKeyProblems(stream, (a, b) => taken.bucketOf(a) === taken.bucketOf(b)),
        ...taken.problems(stream),
        ...manifestPrefixProblems(tools, stream, taken),
      );
    taken.add(stream);
    const ofDestinations = destinationsOf(stream).map((name) => byDestination.get(name));
    return [
      ...own,
      ...ofDestinations.filter((problem) => problem !== undefined),
      ...(own.length === 0 ? (foreign[index] ?? []) : []),
    ];
  });
  return { problems };
}

/** For each stream, the records of other projects where it would write from now on. */
function foreignOf(
  tools: StageTools,
  {
    streams,
    others,
    isUsable,
  }: {
    streams: readonly StreamDefinition[];
    others: readonly StreamDefinition[];
    isUsable: (destination: string) => boolean;
  },
  run: StageRun,
): Promise<string[][]> {
  const existing = new Map(others.map((other) => [other.name, other]));
  return inLanes(streams, STREAMS_AT_ONCE, async (stream) => {
    if (streamProblems(stream).length > 0) return [];
    const before = existing.get(stream.name)?.revisions.map(({ settings }) => settings) ?? [];
    for (const { settings } of stream.revisions) {
      if (!isUsable(settings.destination) || before.some((old) => isDeepStrictEqual(old, settings))) continue;
      const opened = openDestination(tools, settings.destination);
      const problems = await foreignRecordProblems(stream, { settings, opened }, run.signal);
      if (problems.length > 0) return problems;
    }
    return [];
  });
}

interface TakenSpace extends KeySpace {
  stream: string;
}

/**
 * The keys that streams write under any of their revisions, because old intervals can be re-exported under
 * old settings.
 */
class TakenKeys {
  readonly #tools: StageTools;
  /** Key spaces by bucket and key length. Keys of different lengths cannot be equal. */
  readonly #spaces = new Map<string, TakenSpace[]>();

  constructor(tools: StageTools) {
    this.#tools = tools;
  }

  add(stream: StreamDefinition): void {
    for (const { bucketAndLength, space } of this.#spacesOf(stream)) {
      const spaces = this.#spaces.get(bucketAndLength) ?? [];
      if (!spaces.some(({ shape }) => shape === space.shape)) spaces.push({ ...space, stream: stream.name });
      this.#spaces.set(bucketAndLength, spaces);
    }
  }

  problems(stream: StreamDefinition): string[] {
    for (const { bucketAndLength, space } of this.#spacesOf(stream)) {
      for (const other of this.#spaces.get(bucketAndLength) ?? []) {
        const shared = sharedKey(space, other);
        if (shared === null) continue;
        return [
          `prefix, key-template: got keys that stream "${other.stream}" writes to the same bucket, as ${shared}; allowed: a prefix or a template of its own, as one with {stream}`,
        ];
      }
    }
    return [];
  }

  /**
   * Identifies a bucket by endpoint and name, because two destinations may be one bucket. A destination that
   * this worker does not know only equals itself.
   */
  bucketOf(destination: string): string {
    const known = this.#tools.destinations.get(destination)?.destination;
    return known === undefined ? `destination ${destination}` : `${known.endpoint} ${known.bucket}`;
  }

  #spacesOf(stream: StreamDefinition): { bucketAndLength: string; space: KeySpace }[] {
    return stream.revisions.map(({ settings }) => {
      const space = keySpaceOf(stream.name, settings);
      return { bucketAndLength: `${this.bucketOf(settings.destination)} ${space.marked.length}`, space };
    });
  }
}

/**
 * Files must not be among manifests: readers of one kind would find the other, and a file could get the key
 * of a manifest.
 */
function manifestPrefixProblems(tools: StageTools, stream: StreamDefinition, taken: TakenKeys): string[] {
  for (const { settings } of stream.revisions)
    for (const { destination } of tools.destinations.values()) {
      const { name, manifestPrefix } = destination;
      if (taken.bucketOf(name) !== taken.bucketOf(settings.destination)) continue;
      if (!isUnderPrefix(keySpaceOf(stream.name, settings), manifestPrefix)) continue;
      return [
        `prefix, key-template: got ${toGot(settings.prefix)} and ${toGot(settings.keyTemplate)}, which make keys under ${manifestPrefix}, where destination ${name} keeps its manifests; allowed: keys outside of it`,
      ];
    }
  return [];
}

function destinationsOf({ revisions }: StreamDefinition): string[] {
  return [...new Set(revisions.map(({ settings }) => settings.destination))];
}

async function destinationProblem(
  tools: StageTools,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { store } = openDestination(tools, name);
    await store.checkBucket({ signal });
    return undefined;
  } catch (error) {
    if (error instanceof UnknownDestinationError) return error.message;
    if (error instanceof StoreError)
      return `destination: got "${name}", whose bucket cannot be used: ${error.message}`;
    throw error;
  }
}
