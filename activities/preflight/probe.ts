// The objects that a preflight puts into a bucket for a moment, and their removal. Their names begin with an
// underscore, which readers of folders skip, and have no suffix that such readers look for.
import type { ObjectStore } from '../../store/object-store.ts';
import { StoreError } from '../../store/store-errors.ts';
import type { CheckList } from './check-list.ts';

export const PROBE_STEM = '_room-streams-preflight';

/** Small, because the preflight tests rights and not throughput. */
export const PROBE_BODY = Buffer.from('{"room-streams":"preflight"}\n');
export const PROBE_TYPE = 'application/json';

export interface Probing {
  store: ObjectStore;
  list: CheckList;
  signal: AbortSignal;
  prefix: string;
  probeId: string;
  mayDelete: boolean;
}

/** The key is unique to one preflight, so that two at once do not collide. */
export function uploadKeyOf({ prefix, probeId }: Pick<Probing, 'prefix' | 'probeId'>): string {
  return `${prefix}${PROBE_STEM}-${probeId}`;
}

/** Where nothing may be deleted, every preflight uses the same key, so that only one small object remains. */
export function recordKeyOf({
  prefix,
  probeId,
  mayDelete,
}: Omit<Probing, 'store' | 'list' | 'signal'>): string {
  return mayDelete ? `${prefix}${PROBE_STEM}-${probeId}-record` : `${prefix}${PROBE_STEM}-record`;
}

/** Adds a line only when an object could not be removed. */
export async function removeProbes(probing: Probing, allowed: string): Promise<void> {
  const { store, list, signal, prefix, mayDelete } = probing;
  const key = uploadKeyOf(probing);
  try {
    for (const uploadId of await store.listUploads({ key, signal }))
      await store.abortUpload({ key, uploadId, signal });
    if (!mayDelete) return;
    await store.deleteObject({ key, signal });
    await store.deleteObject({ key: recordKeyOf(probing), signal });
  } catch (error) {
    const isLate = signal.aborted && error === signal.reason;
    if (!(error instanceof StoreError) && !isLate) throw error;
    const said = isLate ? 'the store did not answer in time' : String(error);
    list.fail({ name: `${nameOf(prefix)}: cleaning up`, allowed }, `${key} may be left: ${said}`);
  }
}

/** The prefix as messages name it, because an empty prefix needs a name too. */
export function nameOf(prefix: string): string {
  return prefix === '' ? '(whole bucket)' : prefix;
}
