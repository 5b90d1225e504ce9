// What one getStats call says of one RTP stream, in one form for every browser and age: counters as they
// stand (never differences), microseconds, null where the browser said nothing. Made by read-streams.ts,
// turned into ticks by ticks.ts.

export type Media = 'audio' | 'video';
export type Direction = 'send' | 'recv';

/** What the far end reported of a stream that we send. */
export interface RemoteReading {
  /**
   * Epoch ms at which the far end's report arrived; null where the browser stamps it with the time of the
   * call.
   */
  arrivedAtMs: number | null;
  lost: number | null;
  /** Packets the far end received, where it says so (Firefox). */
  packets: number | null;
  jitterUs: number | null;
  rttUs: number | null;
  /** Sum and count of all round trips so far; both or none. */
  rttTotalUs: number | null;
  rttCount: number | null;
}

export interface StreamReading {
  /**
   * Direction and SSRC, which name a stream within its connection whatever its report is called; the report's
   * id where it has no SSRC.
   */
  key: string;
  media: Media;
  direction: Direction;
  /** What is sent or shown in several encodings at once (simulcast) is one track. */
  track: string;
  /** The browser says that this stream is set up but switched off: while nothing is sent, it is not there. */
  isOff: boolean;
  bytes: number | null;
  packets: number | null;
  lost: number | null;
  jitterUs: number | null;
  width: number | null;
  height: number | null;
  frames: number | null;
  freezes: number | null;
  codec: string | null;
  remote: RemoteReading | null;
  /**
   * How long this stream has run by the browser's own count; tells when a stream began that was there before
   * the record.
   */
  ageMs: number | null;
}
