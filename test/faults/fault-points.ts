// Named points in a worker's way at which it can be killed or frozen: the tools of the stages are wrapped, the product itself has no hooks.
import { setTimeout as wait } from 'node:timers/promises';
import type { StageTools, OpenedDestination } from '../../activities/stage-tools.ts';
import type { ObjectStore } from '../../activities/store/object-store.ts';

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
  /** SIGSTOP freezes the process: it wakes up when somebody sends SIGCONT. */
  signal: 'SIGKILL' | 'SIGSTOP';
}

/** How far into an upload of some megabytes the process is hit. */
const MID_UPLOAD_MS = 5;

/** Resolves when the caller may go on; never, when the process is killed. */
export type Pass = (point: FaultPoint) => Promise<void>;

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
      await pass('after-query');
      const sending = store.uploadPart(of);
      // Handled here, too: the point below may be passed before the upload fails.
      const [sent] = await Promise.all([sending, wait(MID_UPLOAD_MS).then(() => pass('mid-upload'))]);
      await pass('after-part');
      return sent;
    },
    completeUpload: async (of) => {
      await pass('before-complete');
      const completed = await store.completeUpload(of);
      await pass('after-complete');
      return completed;
    },
    abortUpload: async (of) => {
      await pass('during-abort');
      return store.abortUpload(of);
    },
    putObject: async (of) => {
      await pass('before-manifest');
      const put = await store.putObject(of);
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
