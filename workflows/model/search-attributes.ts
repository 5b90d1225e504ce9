// The search attributes by which runs are found in the Web UI and by the command line. Registered by
// `room-streams migrate` and by the embedded stack; written by the runs.
import { defineSearchAttributeKey } from '@temporalio/common';

export const ROOM_STREAM = defineSearchAttributeKey('RoomStream', 'KEYWORD');
export const ROOM_STATE = defineSearchAttributeKey('RoomState', 'KEYWORD');
export const ROOM_INTERVAL_END = defineSearchAttributeKey('RoomIntervalEnd', 'DATETIME');
export const ROOM_ROOMS = defineSearchAttributeKey('RoomRooms', 'INT');

/** What has to be registered, in the words of the server's command line. */
export const SEARCH_ATTRIBUTES = [
  { name: ROOM_STREAM.name, type: 'Keyword' },
  { name: ROOM_STATE.name, type: 'Keyword' },
  { name: ROOM_INTERVAL_END.name, type: 'Datetime' },
  { name: ROOM_ROOMS.name, type: 'Int' },
] as const;

/** The server's own: the nominal time of the schedule that started a run. Jitter does not move it. */
export const SCHEDULED_START_TIME = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');
