// The contract with the exporter in one table: the columns of the three views and what each may be made of. What a column means
// stands in docs/history.md. Read by the preflight; an operator with tables of his own writes views that match it.

/** What a column may be made of; wider or narrower relatives that give the same file are allowed, see `TYPES`. */
export type ColumnKind = 'name' | 'text' | 'time' | 'version' | 'number' | 'keys';

export type ViewName = 'export_rooms' | 'export_peers' | 'export_track_totals';

/** Every view tells whose a row is, when its room was finalised, and which of several rows of one key holds. */
const OWNED = { project_id: 'name', finalized_at: 'time', session_id: 'name', version: 'version' } as const;

export const VIEW_COLUMNS: Readonly<Record<ViewName, Readonly<Record<string, ColumnKind>>>> = {
  export_rooms: { ...OWNED, room_id: 'name', room_url: 'text', started_at: 'time', ended_at: 'time' },
  export_peers: {
    ...OWNED,
    peer_id: 'name',
    joined_at: 'time',
    left_at: 'time',
    connected_ms: 'number',
    joins: 'number',
    os: 'text',
    os_version: 'text',
    browser: 'text',
    browser_version: 'text',
    sdk_version: 'text',
    city: 'text',
    country: 'text',
    organization: 'text',
    connection_type: 'text',
    media_transport: 'text',
    audio_device: 'text',
    video_device: 'text',
    end_reason: 'text',
    keys: 'keys',
    call_setup_ms: 'number',
    rating: 'number',
  },
  export_track_totals: {
    ...OWNED,
    peer_id: 'name',
    media: 'name',
    direction: 'name',
    bytes: 'number',
    packets: 'number',
    packets_lost: 'number',
    packets_arrived: 'number',
    active_ms: 'number',
    bitrate_sq_ms: 'number',
    jitter_us_sum: 'number',
    jitter_count: 'number',
    jitter_us_max: 'number',
    rtt_us_sum: 'number',
    rtt_count: 'number',
    rtt_us_max: 'number',
    pixel_ms: 'number',
    sized_ms: 'number',
    frames: 'number',
    width_max: 'number',
    height_max: 'number',
    freezes: 'number',
    codec: 'text',
  },
};

/** Per kind: the types allowed once LowCardinality is taken off, and how to say so. */
export const TYPES: Readonly<Record<ColumnKind, { pattern: RegExp; allowed: string }>> = {
  name: {
    pattern: /^(String|Enum(8|16)\(.*\))$/,
    allowed: 'String, LowCardinality(String) or Enum, not Nullable',
  },
  text: {
    pattern: /^(String|Nullable\(String\)|Enum(8|16)\(.*\))$/,
    allowed: 'String, LowCardinality(String), Nullable(String) or Enum',
  },
  time: { pattern: /^DateTime64\(3(, '[^']*')?\)$/, allowed: "DateTime64(3, 'UTC'), not Nullable" },
  version: { pattern: /^UInt(8|16|32|64)$/, allowed: 'UInt8, UInt16, UInt32 or UInt64, not Nullable' },
  // The export reads what is no count in such a column (NULL, NaN, infinite, negative, broken) as not known, and names the room.
  number: {
    pattern: /^(U?Int(8|16|32|64)|Float(32|64)|Nullable\((U?Int(8|16|32|64)|Float(32|64))\))$/,
    allowed: 'integers up to 64 bits, Float32 or Float64, or Nullable of these',
  },
  keys: { pattern: /^Map\(String, Array\(String\)\)$/, allowed: 'Map(String, Array(String))' },
};
