// The contract with the history in one table: the columns of the three views and their allowed types.
// docs/history.md explains the columns. The preflight compares views with this table, and the scans cast
// every column to the type it gives.

export type ColumnKind =
  'name' | 'text' | 'word' | 'time' | 'version' | 'count' | 'signed_count' | 'optional_count' | 'keys';

export type ViewName = 'export_rooms' | 'export_peers' | 'export_track_totals';

/**
 * Every view has the project of a row, when its room was finalised, and the version that decides between rows
 * with one key.
 */
const OWNED = { project_id: 'word', finalized_at: 'time', session_id: 'name', version: 'version' } as const;

export const VIEW_COLUMNS = {
  export_rooms: { ...OWNED, room_id: 'text', room_url: 'text', started_at: 'time', ended_at: 'time' },
  export_peers: {
    ...OWNED,
    peer_id: 'name',
    joined_at: 'time',
    left_at: 'time',
    connected_ms: 'count',
    joins: 'count',
    os: 'word',
    os_version: 'word',
    browser: 'word',
    browser_version: 'word',
    sdk_version: 'word',
    city: 'word',
    country: 'word',
    organization: 'word',
    connection_type: 'word',
    media_transport: 'word',
    audio_device: 'text',
    video_device: 'text',
    end_reason: 'word',
    keys: 'keys',
    call_setup_ms: 'optional_count',
    rating: 'optional_count',
  },
  export_track_totals: {
    ...OWNED,
    peer_id: 'name',
    media: 'word',
    direction: 'word',
    bytes: 'count',
    packets: 'count',
    packets_lost: 'signed_count',
    packets_arrived: 'count',
    active_ms: 'count',
    bitrate_sq_ms: 'count',
    jitter_us_sum: 'count',
    jitter_count: 'count',
    jitter_us_max: 'count',
    rtt_us_sum: 'count',
    rtt_count: 'count',
    rtt_us_max: 'count',
    pixel_ms: 'count',
    sized_ms: 'count',
    frames: 'count',
    width_max: 'count',
    height_max: 'count',
    freezes: 'count',
    codec: 'word',
  },
} as const satisfies Readonly<Record<ViewName, Readonly<Record<string, ColumnKind>>>>;

export type RoomColumn = keyof (typeof VIEW_COLUMNS)['export_rooms'];
export type PeerColumn = keyof (typeof VIEW_COLUMNS)['export_peers'];
export type TotalColumn = keyof (typeof VIEW_COLUMNS)['export_track_totals'];

const TEXT = {
  pattern: /^(String|Nullable\(String\)|Enum(8|16)\(.*\))$/,
  allowed: 'String, LowCardinality(String), Nullable(String) or Enum',
};
// The export treats a value that is not a count (NULL, NaN, infinite, negative, broken) as unknown, and names
// the room.
const NUMBER = {
  pattern: /^(U?Int(8|16|32|64)|Float(32|64)|Nullable\((U?Int(8|16|32|64)|Float(32|64))\))$/,
  allowed: 'integers up to 64 bits, Float32 or Float64, or Nullable of these',
};

/** The types that a view may give each kind, once LowCardinality is taken off, and how to say so. */
export const TYPES: Readonly<Record<ColumnKind, { pattern: RegExp; allowed: string }>> = {
  // Rows come in the order of these columns. An Enum is ordered by its numbers, not by its names.
  name: { pattern: /^String$/, allowed: 'String or LowCardinality(String), not Nullable' },
  text: TEXT,
  word: TEXT,
  time: { pattern: /^DateTime64\(3(, '[^']*')?\)$/, allowed: "DateTime64(3, 'UTC'), not Nullable" },
  version: { pattern: /^UInt(8|16|32|64)$/, allowed: 'UInt8, UInt16, UInt32 or UInt64, not Nullable' },
  count: NUMBER,
  signed_count: NUMBER,
  optional_count: NUMBER,
  keys: { pattern: /^Map\(String, Array\(String\)\)$/, allowed: 'Map(String, Array(String))' },
};
