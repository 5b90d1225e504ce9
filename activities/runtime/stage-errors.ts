// Errors of the stages themselves: the request cannot be fulfilled as it is. They are not retried.

export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
}

/**
 * This worker does not know a destination. Retried: while a destination is added, some workers know it and
 * others do not yet, and any of them may be asked.
 */
export class UnknownDestinationError extends Error {
  override readonly name = 'UnknownDestinationError';
}

/**
 * The stored file is no longer the one this run completed: another writer replaced it. Not retried: this run
 * has lost.
 */
export class FileReplacedError extends Error {
  override readonly name = 'FileReplacedError';
}

/**
 * An object under a manifest's key is not a manifest. Not retried, because the object stays as it is until a
 * person moves it.
 */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError';
  readonly key: string;
  constructor(key: string, problem: string, cause: unknown) {
    super(`${key}: not a record of this program (${problem}); move it away or delete it, then retry`, {
      cause,
    });
    this.key = key;
  }
}
