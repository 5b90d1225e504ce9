// Named points in a worker's way at which it can be killed or frozen: the tools of the stages are wrapped,
// the product itself has no hooks.
import { setTimeout as wait } from 'node:timers/promises';
import type { StageTools, OpenedDestination } from '../../activities/runtime/stage-tools.ts';
import type { ObjectStore } from '../../store/object-store.ts';

export const FAULT_POINTS = [
  'after-query',
  'mid-upload',
  'after-part',
  'before-complete',
  'after-complete',
  'before-manifest',
  'after-manifest',
  'during-abort',
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];

export interface ArmedFault {
  point: FaultPoint;
  /** Passing the point so many times before it happens. */
  passes: number;
  /**
   * SIGSTOP freezes the process: it wakes up when somebody sends SIGCONT. SIGCONT does nothing, but the point
   * is told all the same.
   */
  signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT';
}

/** How far into an upload of some megabytes the process is hit. */
const MID_UPLOAD_MS = 5;

/**
 * Resolves when the caller may go on, to true when it was frozen in between; never, when the process is
 * killed.
 */
export type Pass = (point: FaultPoint) => Promise<boolean>;

/**
 * What a zombie's first request fails with: the store has closed the connection it was to go over long ago.
 */
const TRIES = 3;

/**
 * Who was frozen has not heard yet that nobody waits for him: the most stubborn kind of zombie does all that
 * he was at, whatever his signal says, and tries again when it fails.
 */
async function stubbornly<Of extends { signal?: AbortSignal | undefined }, Result>(
  of: Of,
  wasFrozen: boolean,
  act: (of: Of) => Promise<Result>,
): Promise<Result> {
  if (!wasFrozen) return act(of);
  for (let tries = 1; ; tries += 1) {
    try {
      return await act({ ...of, signal: undefined });
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

/** Manifests and the pointer to the newest interval are the only small objects that stages put. */
export function withFaultPoints(tools: StageTools, pass: Pass): StageTools {
  const destinations = new Map<string, OpenedDestination>();
  for (const [name, { destination, store }] of tools.destinations)
    destinations.set(name, { destination, store: wrapStore(store, pass) });
  return { ...tools, destinations };
}

function wrapStore(store: ObjectStore, pass: Pass): ObjectStore {
  return {
    beginUpload: (of) => store.beginUpload(of),
    uploadPart: async (of) => {
      const sending = stubbornly(of, await pass('after-query'), (part) => store.uploadPart(part));
      // Handled here, too: the point below may be passed before the upload fails.
      const [sent] = await Promise.all([sending, wait(MID_UPLOAD_MS).then(() => pass('mid-upload'))]);
      await pass('after-part');
      return sent;
    },
    completeUpload: async (of) => {
      const wasFrozen = await pass('before-complete');
      const completed = await stubbornly(of, wasFrozen, (upload) => store.completeUpload(upload));
      await pass('after-complete');
      return completed;
    },
    abortUpload: async (of) => {
      await pass('during-abort');
      return store.abortUpload(of);
    },
    putObject: async (of) => {
      const put = await stubbornly(of, await pass('before-manifest'), (record) => store.putObject(record));
      await pass('after-manifest');
      return put;
    },
    listParts: (of) => store.listParts(of),
    listUploads: (of) => store.listUploads(of),
    head: (of) => store.head(of),
    getObject: (of) => store.getObject(of),
    readObject: (of) => store.readObject(of),
    deleteObject: (of) => store.deleteObject(of),
    listKeys: (of) => store.listKeys(of),
    checkBucket: (of) => store.checkBucket(of),
    close: () => store.close(),
  };
}
