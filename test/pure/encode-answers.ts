// Answers of the rooms query as the encoder gets them: random rooms, some faulty, cut into chunks at random places.
import { crc32 } from 'node:zlib';
import fc from 'fast-check';

export interface AnsweredRoom {
  text: string;
  fault: { codes: string; sessionId: string } | undefined;
}

const fault = fc
  .tuple(fc.constantFrom('clock', 'clock,negative', 'range'), fc.uuid())
  .map(([codes, sessionId]) => ({ codes, sessionId }));

/** JSON escapes control characters, whatever a text holds, and so does the query. */
const text = fc
  .dictionary(fc.string({ maxLength: 5 }), fc.string({ unit: 'grapheme', maxLength: 20 }), { maxKeys: 4 })
  .map((value) => JSON.stringify(value));

export const room: fc.Arbitrary<AnsweredRoom> = fc
  .tuple(text, fc.option(fault, { nil: undefined, freq: 4 }))
  .map(([json, found]) => ({ text: json, fault: found }));

/** Lengths of the chunks; the last one takes what is left. */
export const cuts = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 });

export function toAnswer(rooms: readonly AnsweredRoom[]): Buffer {
  const lines = rooms.map(({ text, fault: found }) => {
    const marked = found === undefined ? '' : `\t${found.codes}\t${found.sessionId}`;
    return `${text}\x01${crc32(Buffer.from(text))}${marked}\x02\n`;
  });
  return Buffer.from(lines.join(''));
}

export function cutAt(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let from = 0;
  for (const length of lengths) {
    chunks.push(bytes.subarray(from, from + length));
    from += length;
  }
  return [...chunks, bytes.subarray(from)];
}

/** As an answer arrives. */
export async function* stream(chunks: readonly Buffer[]): AsyncIterable<Buffer> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}
