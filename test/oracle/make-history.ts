// A random history of one project: so many rooms, mostly in one interval, the same for the same seed. Each
// room has random numbers of its own, so the first rooms of a longer history are those of a shorter one, but
// for the names they share.
import { makeRoom } from './make-room.ts';
import type { MadeRoom, RoomSetting } from './make-room.ts';
import { oddText, plainText } from './make-texts.ts';
import { Random } from './random.ts';

export interface MadeHistory {
  startMs: number;
  endMs: number;
  rooms: MadeRoom[];
}

export interface HistoryOptions {
  seed: number;
  rooms: number;
}

/** Where the two large rooms stand, in every history that is long enough. */
export const THOUSAND_PEERS_AT = 611;
export const FIVE_MEGABYTES_AT = 877;

const HOUR_MS = 3_600_000;

/** Hours end all months of a year; the first of them has rooms from the year before. */
const FIRST_HOUR_MS = Date.UTC(2024, 0, 1);
const HOURS = 366 * 24;

const ROOM_IDS = 40;

export function makeHistory({ seed, rooms }: HistoryOptions): MadeHistory {
  const random = new Random(seed);
  const startMs = FIRST_HOUR_MS + random.int(0, HOURS - 1) * HOUR_MS;
  const endMs = startMs + HOUR_MS;
  const roomIds = random.times(ROOM_IDS, () => (random.chance(0.2) ? oddText(random) : plainText(random)));
  return {
    startMs,
    endMs,
    rooms: random.times(rooms, (index) => {
      const setting = { index, startMs, endMs, roomIds, size: sizeOf(index) };
      return makeRoom(new Random(seed, index), setting);
    }),
  };
}

function sizeOf(index: number): RoomSetting['size'] {
  if (index === THOUSAND_PEERS_AT) return 'thousand peers';
  return index === FIVE_MEGABYTES_AT ? 'five megabytes' : 'usual';
}
