// What a preflight puts into a bucket for a moment, and how it is taken away again. The names begin with an
// underscore, which readers of folders pass over, and have no ending that they look for.
import type { ObjectStore } from '../../store/object-store.ts';
import { StoreError } from '../../store/store-errors.ts';
import type { CheckList } from './check-list.ts';

export const PROBE_STEM = '_room-streams-preflight';

/** Small: what is tried is the right, not the line. */
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

/** Of one preflight, so that two at once do not meet. */
export function uploadKeyOf({ prefix, probeId }: Pick<Probing, 'prefix' | 'probeId'>): string {
  return `${prefix}${PROBE_STEM}-${probeId}`;
}

/**
 * Where nothing may be deleted, every preflight puts its record to the same place: one small object stays.
 */
export function recordKeyOf({
  prefix,
  probeId,
  mayDelete,
}: Omit<Probing, 'store' | 'list' | 'signal'>): string {
  return mayDelete ? `${prefix}${PROBE_STEM}-${probeId}-record` : `${prefix}${PROBE_STEM}-record`;
}

/** Says something only when something could not be taken away. */
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

/** For people: the empty prefix has a name, too. */
export function nameOf(prefix: string): string {
  return prefix === '' ? '(whole bucket)' : prefix;
}
