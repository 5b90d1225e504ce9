// What a format's reader looks like to the import: it is given the file's text piece by piece, tells a
// FileRecording what it finds, and never throws for what the file holds: what cannot be read is counted there
// with its place.
import type { FileRecording } from '../recording.ts';

export type FormatName = 'rtcstats' | 'webrtc-internals' | 'getstats';

export interface FormatReader {
  /** A piece of the file, in order. Pieces end anywhere. */
  push: (bytes: Buffer) => void;
  /** The file is over; what is incomplete is said so. */
  end: () => void;
}

export interface FormatReaderOptions {
  recording: FileRecording;
  /** Stands for names that the file does not give: derived from its content, the same in every import. */
  fallbackName: () => string;
}
