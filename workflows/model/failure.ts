// The failure types that decide how a run goes on.

/** Types of the failures that the workflow answers by other means than a retry of the stage. */
export const FAILURE = {
  /** The store no longer knows the upload: begin a new one. */
  uploadGone: 'UploadGone',
  /** A part is shorter than S3 allows or longer than the buffer: plan again with what was learnt. */
  rangeMisjudged: 'RangeMisjudged',
  /** The history moved at every check. */
  historyUnsettled: 'HistoryUnsettled',
  /** What was asked for cannot be done as it is written. */
  invalidRequest: 'InvalidRequest',
} as const;
