// Errors of the stages themselves: what was asked for cannot be done as it is written. Not retried.

export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
}

/** The stored file is no longer the one this run completed: another writer replaced it. Not retried: this run has lost. */
export class FileReplacedError extends Error {
  override readonly name = 'FileReplacedError';
}
