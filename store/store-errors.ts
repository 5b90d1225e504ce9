// Everything that goes wrong between us and an object store is a StoreError, and one table says what follows
// from its code. Permanent is a short list of what a person has to mend; whatever is unknown is tried again.
// Messages hold the store's own sentence, never headers, signatures or keys of ours.

export interface StoreErrorFacts {
  /** The method of ObjectStore that failed. */
  operation: string;
  /**
   * The store's code (NoSuchBucket), the network's (ECONNRESET) or one of ours (TIMEOUT, UnexpectedAnswer).
   */
  code: string;
  /** HTTP status; undefined when no answer came. An error inside a 200 has 200. */
  status: number | undefined;
  /** Undefined when the whole bucket was asked. */
  key: string | undefined;
  /** The name of the destination; undefined where a store was opened without one. */
  destination?: string | undefined;
}

export class StoreError extends Error implements StoreErrorFacts {
  override readonly name = 'StoreError';
  readonly operation: string;
  readonly code: string;
  readonly status: number | undefined;
  readonly key: string | undefined;
  readonly destination: string | undefined;

  constructor({ operation, code, status, key, destination }: StoreErrorFacts, said: string, cause?: unknown) {
    const where = key === undefined ? '' : ` of ${key}`;
    const http = status === undefined ? '' : `, HTTP ${status}`;
    super(`${operation}${where}: ${said} (${code}${http})`, cause === undefined ? {} : { cause });
    this.operation = operation;
    this.code = code;
    this.status = status;
    this.key = key;
    this.destination = destination;
  }
}

/**
 * `permanent`: a person has to mend it. `upload-gone`: begin another upload. `part-mismatch`: a part is not
 * the one named.
 */
export type StoreErrorClass = 'permanent' | 'upload-gone' | 'part-mismatch' | 'retryable';

/** Why each of these does not mend itself, or what the run can do. */
export const STORE_ERROR_CLASSES: ReadonlyMap<string, StoreErrorClass> = new Map<string, StoreErrorClass>([
  // The destination is not what the configuration says.
  ['NoSuchBucket', 'permanent'],
  ['InvalidBucketName', 'permanent'],
  ['PermanentRedirect', 'permanent'], // The bucket lives in another region or under another endpoint.
  ['MovedPermanently', 'permanent'],
  ['AuthorizationHeaderMalformed', 'permanent'], // Signed for another region.
  ['IllegalLocationConstraintException', 'permanent'],

  // The credentials are wrong, blocked, or may not do this.
  ['AccessDenied', 'permanent'],
  ['AllAccessDisabled', 'permanent'],
  ['AccountProblem', 'permanent'],
  ['InvalidAccessKeyId', 'permanent'],
  ['SignatureDoesNotMatch', 'permanent'],
  ['InvalidToken', 'permanent'],
  ['ExpiredToken', 'permanent'], // A fixed session token does not renew itself.
  ['Unauthorized', 'permanent'],

  // The store cannot do what was asked, however often it is asked.
  ['NotImplemented', 'permanent'],
  ['MethodNotAllowed', 'permanent'],
  ['KeyTooLongError', 'permanent'],
  ['InvalidObjectName', 'permanent'],
  ['EntityTooLarge', 'permanent'],
  ['UncheckedDigest', 'permanent'], // One of ours: nothing would show that it keeps damaged bytes.
  ['EntityTooSmall', 'permanent'], // A part but the last is under the store's minimum; the same parts will be again.

  // Parts are kept in the upload; it was aborted, completed or purged by the store.
  ['NoSuchUpload', 'upload-gone'],

  // The store holds another part than the one named, or none.
  ['InvalidPart', 'part-mismatch'],
]);

/** Errors that are no StoreError are retryable: they come from somewhere else. */
export function classifyStoreError(error: unknown): StoreErrorClass {
  if (!(error instanceof StoreError)) return 'retryable';
  return STORE_ERROR_CLASSES.get(error.code) ?? 'retryable';
}

/** The result; null for a StoreError of one of these codes. */
export async function orNull<Result>(
  result: Promise<Result>,
  codes: readonly string[],
): Promise<Result | null> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof StoreError && codes.includes(error.code)) return null;
    throw error;
  }
}
