// The lines of a recorded call: one JSON object a line, in the order of time. The recorder writes them, the
// importer of raw getStats dumps reads them (importers/formats/getstats.ts). What was not measured is null,
// never made up.

/** An object as RTCPeerConnection.getStats() gave it, untouched. */
export type RawReport = Readonly<Record<string, unknown>>;

/** First line: which room this is. Times are epoch milliseconds. */
export interface CallLine {
  type: 'call';
  format: 'room-streams/getstats';
  room_id: string;
  session_id: string;
  room_url: string | null;
}

/** A participant comes in; `joined` again under the same peer id is one peer with two joins. */
export interface JoinLine {
  type: 'join';
  peer: string;
  at: number;
  user_agent: string;
  sdk_version: string | null;
  keys: Record<string, string | string[]>;
  audio_device: string | null;
  video_device: string | null;
  location: { city: string | null; country: string | null; organization: string | null };
}

export interface LeaveLine {
  type: 'leave';
  peer: string;
  at: number;
  reason: string | null;
}

/** A connection of a peer is made. Its counters start from nothing here. */
export interface OpenLine {
  type: 'open';
  peer: string;
  connection: string;
  at: number;
}

export interface StateLine {
  type: 'state';
  peer: string;
  connection: string;
  at: number;
  state: string;
}

/** All reports of one getStats call. `final` marks the last reading before the connection was closed. */
export interface ReportsLine {
  peer: string;
  connection: string;
  at: number;
  final?: true;
  reports: RawReport[];
}

/** What a lossy relay between the pages did to the media packets of one synchronisation source. */
export interface RelayLine {
  type: 'relay';
  from: string;
  to: string;
  ssrc: number;
  payload_type: number;
  forwarded: number;
  dropped: number;
}

export type RecordedLine = CallLine | JoinLine | LeaveLine | OpenLine | StateLine | ReportsLine | RelayLine;
