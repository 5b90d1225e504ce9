// Compares a file of the export with the oracle's, room by room, and says where they part: so short that a
// person can read it.
import type { FileText, Format, RoomLine } from './file-text.ts';
import { toWellFormed } from './json-text.ts';

export interface Difference {
  /** `frame`: the rooms are right, what stands around and between them is not. */
  kind: 'differs' | 'missing' | 'unexpected' | 'frame';
  /** For people: the room's session, and both texts around the first difference. */
  description: string;
}

/** Characters shown before and after the first difference. */
const SHOWN_BEFORE = 70;
const SHOWN_AFTER = 90;
const SHOWN_SESSION = 40;

export function compareFiles(expected: FileText, got: Buffer, format: Format): Difference[] {
  if (expected.body.equals(got)) return [];
  const text = got.toString('latin1');
  const isFrame = (line: string): boolean => line === '' || (format === 'json' && /^\[?\]?$/.test(line));
  const lines = text.split('\n').filter((line) => !isFrame(line));
  const differences = compareLines(expected.rooms, lines);
  if (differences.length > 0) return differences;
  const ends = `begins with ${show(text.slice(0, SHOWN_AFTER))} and ends with ${show(text.slice(-SHOWN_AFTER))}`;
  return [{ kind: 'frame', description: `the file around its rooms: ${ends}` }];
}

/** Line by line; a line that only one of both has does not make all that follow different. */
function compareLines(expected: readonly RoomLine[], got: readonly string[]): Difference[] {
  const differences: Difference[] = [];
  let at = 0;
  for (const [index, room] of expected.entries()) {
    const line = got[at];
    if (line === room.text) {
      at += 1;
    } else if (line === undefined || line === expected[index + 1]?.text) {
      differences.push({ kind: 'missing', description: `${describe(room)}: not in the file` });
    } else if (got[at + 1] === room.text) {
      differences.push({
        kind: 'unexpected',
        description: `before ${describe(room)}: ${show(line.slice(0, SHOWN_AFTER))}`,
      });
      at += 2;
    } else {
      differences.push({
        kind: 'differs',
        description: `${describe(room)}: ${describeParting(room.text, line)}`,
      });
      at += 1;
    }
  }
  for (const line of got.slice(at))
    differences.push({ kind: 'unexpected', description: `at the end: ${show(line.slice(0, SHOWN_AFTER))}` });
  return differences;
}

function describeParting(expected: string, got: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === got[at]) at += 1;
  const around = (text: string): string => show(text.slice(Math.max(0, at - SHOWN_BEFORE), at + SHOWN_AFTER));
  return `at byte ${at}\n    oracle ${around(expected)}\n    file   ${around(got)}`;
}

function describe({ sessionId }: RoomLine): string {
  return `session ${show(sessionId.slice(0, SHOWN_SESSION))}`;
}

/** Bytes as characters again; what is not printable is escaped. */
function show(bytes: string): string {
  return JSON.stringify(Buffer.from(toWellFormed(bytes), 'latin1').toString('utf8'));
}
