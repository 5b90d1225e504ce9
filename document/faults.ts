// The faults that rows of a room can have; see "Rooms that break the contract" in docs/measurements.md. Each
// fault is one bit of a number, so that collecting them costs nothing when there are none.

/** In the order in which they are named. */
export const FAULT_CODES = [
  'room_twice',
  'room_time',
  'peer_twice',
  'peer_time',
  'peer_count',
  'call_setup',
  'rating',
  'connection_type',
  'media_transport',
  'key_twice',
  'total_twice',
  'total_kind',
  'total_count',
  'total_of_nobody',
  'too_large',
  'text',
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/** The bit of each fault. */
export const FAULT = Object.fromEntries(FAULT_CODES.map((code, bit) => [code, 1 << bit])) as Readonly<
  Record<FaultCode, number>
>;

export function isFaultCode(name: string): name is FaultCode {
  return FAULT_CODES.some((code) => code === name);
}

export function codesOf(faults: number): FaultCode[] {
  return FAULT_CODES.filter((code) => (faults & FAULT[code]) !== 0);
}

/** A room that breaks the contract. */
export interface RoomFault {
  codes: FaultCode[];
  /** Made fit for a log: see `toShownId`. */
  sessionId: string;
}

/** A session id can be of any bytes and any length; a log line cannot. */
const SHOWN_ID_LENGTH_MAX = 256;

/** The session id as text, at most 256 characters, without control characters. */
export function toShownId(wellFormed: Uint8Array): string {
  const characters = Array.from(Buffer.from(wellFormed).toString('utf8')).slice(0, SHOWN_ID_LENGTH_MAX);
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return characters.join('').replaceAll(/[\u0000-\u001F]/g, '?');
}
