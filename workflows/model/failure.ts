// The failure types that decide how a run goes on.

/** The types of failures to which the workflow reacts other than by retrying the stage. */
export const FAILURE = {
  /** The store no longer knows the upload: begin a new one. */
  uploadGone: 'UploadGone',
  /**
   * A part is shorter than S3 allows or longer than the buffer. The interval is planned again with the learnt
   * sizes.
   */
  rangeMisjudged: 'RangeMisjudged',
  /** The history changed at every check. */
  historyUnsettled: 'HistoryUnsettled',
  /** The request cannot be fulfilled as it is. */
  invalidRequest: 'InvalidRequest',
} as const;
