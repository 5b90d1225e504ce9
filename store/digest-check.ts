// Checks that a store holds the bytes it was sent, even when its ETags do not prove it. Most ETags are the
// MD5 of the bytes and need no further check. For other ETags a part is sent once more with a wrong
// Content-MD5. A store that refuses it compares digests itself, so its ETags need not be checked. A store
// that accepts it could keep damaged bytes, and no run may continue there.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isStoredAs, readEtag } from './s3-answers.ts';
import { StoreError } from './store-errors.ts';
import type { StoreErrorFacts } from './store-errors.ts';

/** What the answer to a PUT proves. */
export interface Stored {
  etag: string;
  /** Whether the ETag is the MD5 of the bytes sent, or has a form that cannot be an MD5. */
  isAsSent: boolean;
}

export type Sending = Pick<StoreErrorFacts, 'operation' | 'key' | 'destination'>;

/** @param md5 of what was sent, in hexadecimal */
export function readStored(md5: string, headers: IncomingHttpHeaders): Stored {
  return { etag: readEtag(headers), isAsSent: isStoredAs(md5, headers) };
}

/** In hexadecimal. */
export function md5Of(bytes: Buffer | string): string {
  return createHash('md5').update(bytes).digest('hex');
}

/**
 * Returns once the store has refused a wrong digest.
 * @param putWrong sends the bytes again, with a wrong digest
 * @throws StoreError BadDigest, retried, when only the first answer was damaged; UncheckedDigest, not
 *   retried, when the store accepts any digest and its ETags are no MD5
 */
export async function assertDigestsChecked(of: Sending, putWrong: () => Promise<Stored>): Promise<void> {
  let taken: Stored;
  try {
    taken = await putWrong();
  } catch (error) {
    if (error instanceof StoreError && /digest|md5|checksum/i.test(error.code)) return;
    throw error;
  }
  if (taken.isAsSent) throw badDigest(of);
  throw new StoreError(
    { ...of, code: 'UncheckedDigest', status: 200 },
    'the ETag is not the MD5 of the bytes, and bytes with a wrong Content-MD5 are taken, too: nothing shows that the store keeps what it is sent',
  );
}

/** Retried: the bytes or the answer were damaged in transit. */
export function badDigest(of: Sending): StoreError {
  return new StoreError(
    { ...of, code: 'BadDigest', status: 200 },
    'the store holds other bytes than were sent',
  );
}
