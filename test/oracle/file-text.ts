// The file of an interval: which rooms are in it, in which order, and what stands around and between them.
import { compareTexts } from './history-rows.ts';
import type { ByteText } from './history-rows.ts';
import type { HoldingRoom } from './holding-rows.ts';
import { toRoomText } from './room-text.ts';
import type { Fields } from './room-text.ts';

export type Format = 'json' | 'ndjson';

export interface FileOptions {
  /** Rooms finalised at or after `startMs` and before `endMs`. */
  startMs: number;
  endMs: number;
  fields: Fields;
  format: Format;
}

export interface RoomLine {
  sessionId: ByteText;
  /** With the comma that stands behind it, without its newline. */
  text: ByteText;
}

export interface FileText {
  rooms: RoomLine[];
  /** The whole file, UTF-8. */
  body: Buffer;
}

export function toFileText(rooms: readonly HoldingRoom[], options: FileOptions): FileText {
  const { startMs, endMs, fields, format } = options;
  const inside = rooms
    .filter(({ row }) => row.finalizedAtMs >= startMs && row.finalizedAtMs < endMs)
    .sort(
      (a, b) => a.row.finalizedAtMs - b.row.finalizedAtMs || compareTexts(a.row.sessionId, b.row.sessionId),
    );
  const lines = inside.map((room, index) => {
    const isLast = index === inside.length - 1;
    const separator = format === 'json' && !isLast ? ',' : '';
    return { sessionId: room.row.sessionId, text: toRoomText(room, fields) + separator };
  });
  return { rooms: lines, body: Buffer.from(enclose(lines, format), 'latin1') };
}

function enclose(rooms: readonly RoomLine[], format: Format): ByteText {
  const lines = rooms.map(({ text }) => `${text}\n`).join('');
  if (format === 'ndjson') return lines;
  return rooms.length === 0 ? '[]\n' : `[\n${lines}]\n`;
}
