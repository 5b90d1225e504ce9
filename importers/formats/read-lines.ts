// Cuts the bytes of a file into lines. Works on buffers, so that only whole lines become text; a line that is
// longer than any real one is passed over, not collected.
import type { FormatReader } from './format-reader.ts';

/** The longest lines are getStats calls of conferences with hundreds of streams, some 2 MB. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
const NEWLINE = 10;

export interface LineHandlers {
  line: (text: string, lineNumber: number) => void;
  tooLong: (lineNumber: number) => void;
  end: () => void;
}

/** A reader that hands on every line that is not empty. */
export function readLines(handlers: LineHandlers): FormatReader {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let lineNumber = 0;
  const finishLine = (last: Buffer): void => {
    lineNumber += 1;
    const bytes = restBytes + last.length;
    if (bytes > LINE_BYTES_MAX) handlers.tooLong(lineNumber);
    else {
      const text = (restBytes === 0 ? last : Buffer.concat([...rest, last])).toString('utf8');
      if (text.trim() !== '')
        handlers.line(lineNumber === 1 ? text.replace(/^\uFEFF/, '') : text, lineNumber);
    }
    rest = [];
    restBytes = 0;
  };
  return {
    push: (bytes) => {
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        finishLine(bytes.subarray(start, end));
        start = end + 1;
      }
      const left = bytes.subarray(start);
      restBytes += left.length;
      if (restBytes <= LINE_BYTES_MAX && left.length > 0) rest.push(left);
      else if (restBytes > LINE_BYTES_MAX) rest = [];
    },
    end: () => {
      if (restBytes > 0) finishLine(Buffer.alloc(0));
      handlers.end();
    },
  };
}

/**
 * The JSON text of a line, where the lines are the elements of one array, written with its brackets and
 * commas; null for a bracket alone.
 */
export function elementOf(line: string): string | null {
  const text = line.trim();
  if (text === '[' || text === ']') return null;
  return text.endsWith(',') ? text.slice(0, -1) : text;
}
