// Compares a stored object with its manifest by what a HEAD returns: whether it exists, its size, its ETag,
// and the write id of the run that made it.
import type { Finding } from '../../workflows/audit/contract.ts';
import { WRITE_ID_METADATA } from '../../workflows/model/manifest.ts';
import type { Manifest } from '../../workflows/model/manifest.ts';
import type { ObjectHead } from '../../store/object-store.ts';

/** Null when the stored object is the one that the manifest names. */
export function compareFile(
  manifest: Manifest,
  storedHead: ObjectHead | null,
): Pick<Finding, 'kind' | 'detail'> | null {
  if (!manifest.file_written)
    return storedHead === null
      ? null
      : {
          kind: 'file-differs',
          detail: `an object of ${storedHead.size} bytes, where the manifest says none`,
        };
  if (storedHead === null)
    return { kind: 'missing-file', detail: `no object; the manifest names ${manifest.size_bytes} bytes` };
  const writeId = storedHead.metadata[WRITE_ID_METADATA];
  const differences = [
    storedHead.size === manifest.size_bytes
      ? []
      : [`${storedHead.size} bytes instead of ${manifest.size_bytes}`],
    storedHead.etag === manifest.etag
      ? []
      : [`ETag ${storedHead.etag} instead of ${manifest.etag ?? 'none'}`],
    writeId === manifest.write_id ? [] : [`write id ${writeId ?? 'none'} instead of ${manifest.write_id}`],
  ].flat();
  return differences.length === 0 ? null : { kind: 'file-differs', detail: differences.join(', ') };
}
