// What can be wrong with the answer that a batch is made of. All are thrown before a byte of the batch is uploaded; only a
// misjudged range calls for another plan, the others for another attempt.

/** A range came out larger than a buffer may grow, or without the rooms it was planned for. The interval is planned again. */
export class RangeMisjudgedError extends Error {
  override readonly name = 'RangeMisjudgedError';
  /** How many times the planned size the range really has; a lower bound when reading was given up. Above 0. */
  readonly realOverEstimated: number;
  constructor(message: string, realOverEstimated: number) {
    super(message);
    this.realOverEstimated = realOverEstimated;
  }
}

/** The answer ended within a room, or holds what is no room. Retried. */
export class TruncatedAnswerError extends Error {
  override readonly name = 'TruncatedAnswerError';
}

/** A room's bytes are not those that ClickHouse wrote: they were damaged on their way. Retried. */
export class DamagedRoomError extends Error {
  override readonly name = 'DamagedRoomError';
}

/** ClickHouse met an error after it had begun to answer; the message is the server's own text. Retried. */
export class HistoryStreamError extends Error {
  override readonly name = 'HistoryStreamError';
}
