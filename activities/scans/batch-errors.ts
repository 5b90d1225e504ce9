// What can be wrong with the answers that a batch is made of, and with the batch. All are thrown before a
// byte of it is uploaded. A misjudged range calls for another plan, a room that is too large for another
// setting, the others for another attempt.

/**
 * A range is larger than a buffer may grow, or a part smaller than a store accepts. The interval is planned
 * again.
 */
export class RangeMisjudgedError extends Error {
  override readonly name = 'RangeMisjudgedError';
  /**
   * How many times the planned size the range really has; a lower bound where reading was abandoned. Above 0.
   */
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
  /** At least; writing was abandoned there. */
  readonly roomBytes: number;
  /** The wanted size of a batch. */
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

/** The answers have other rows than the history. Retried. */
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
