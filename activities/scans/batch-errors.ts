// Errors in a batch or in the answers that it is made of. All are thrown before any byte of the batch is
// uploaded. A misjudged range needs another plan and a room that is too large needs another setting. Every
// other error is retried.

/**
 * A range is larger than its buffer may grow, or a part is smaller than a store accepts. The interval is
 * planned again.
 */
export class RangeMisjudgedError extends Error {
  override readonly name = 'RangeMisjudgedError';
  /** The real size divided by the planned size, above 0. It is a lower bound when reading was abandoned. */
  readonly realOverEstimated: number;
  constructor(message: string, realOverEstimated: number) {
    super(message);
    this.realOverEstimated = realOverEstimated;
  }
}

/** One room does not fit the buffer of a batch. Not retried: only a larger batch size helps. */
export class RoomTooLargeError extends Error {
  override readonly name = 'RoomTooLargeError';
  readonly sessionId: string;
  /** A lower bound: writing was abandoned at this size. */
  readonly roomBytes: number;
  /** The target size of a batch. */
  readonly bytesPlanned: number;
  constructor(of: { sessionId: string; roomBytes: number; bytesPlanned: number }) {
    super(
      `room "${of.sessionId}": got more than ${of.roomBytes} bytes, allowed: twice the size of a batch, which is ${of.bytesPlanned} bytes; raise BATCH_MB_PLAIN or BATCH_MB_GZIP of the workers`,
    );
    this.sessionId = of.sessionId;
    this.roomBytes = of.roomBytes;
    this.bytesPlanned = of.bytesPlanned;
  }
}

/** The answers do not have the rows that the history has. Retried. */
export class TruncatedAnswerError extends Error {
  override readonly name = 'TruncatedAnswerError';
}

/** The bytes that arrived are not those that ClickHouse sent, or not all of them. Retried. */
export class DamagedScanError extends Error {
  override readonly name = 'DamagedScanError';
}

/** ClickHouse met an error after it had begun to answer; the message is the server's own text. Retried. */
export class HistoryStreamError extends Error {
  override readonly name = 'HistoryStreamError';
}
