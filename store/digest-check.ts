// Whether a store holds what it was sent, where its ETag does not say so. Most ETags are the MD5 of the bytes
// and need no question. Others are anything: then a part is sent once more with a wrong Content-MD5. A store
// that refuses it compares digests itself, and its ETags need not be believed; one that takes it could keep
// damaged bytes, and no run may go on there.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isStoredAs, readEtag } from './s3-answers.ts';
import { StoreError } from './store-errors.ts';
import type { StoreErrorFacts } from './store-errors.ts';

/** What the answer to a PUT says. */
export interface Stored {
  etag: string;
  /** The ETag is the MD5 of what was sent, or says itself that it is none. */
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
 * @param putWrong sends the bytes again, with a digest that is not theirs
 * @throws StoreError BadDigest, retried, when only the first answer was damaged; UncheckedDigest, not
 * retried, when the store takes any digest and its ETags are none
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

/** May pass: bytes or an answer were damaged on their way. */
export function badDigest(of: Sending): StoreError {
  return new StoreError(
    { ...of, code: 'BadDigest', status: 200 },
    'the store holds other bytes than were sent',
  );
}
