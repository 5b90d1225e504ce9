// Method: a clock of the test's own drives a progress line against a terminal that collects what it is given.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toByteText } from '../../../client/print.ts';
import { ProgressLine } from '../../../client/progress-line.ts';

function collect(isTerminal: boolean): {
  lines: string[];
  advance: (ms: number) => void;
  line: ProgressLine;
} {
  const lines: string[] = [];
  let nowMs = 0;
  const write = (text: string): void => {
    lines.push(text);
  };
  const terminal = { out: write, err: write, ...(isTerminal ? { rewrite: write } : {}) };
  return { lines, advance: (ms) => (nowMs += ms), line: new ProgressLine(terminal, () => nowMs) };
}

const MB = 1_000_000;

describe('a progress line', () => {
  it('is rewritten in a terminal no more often than a person can see, and removed at the end', () => {
    const { lines, advance, line } = collect(true);
    for (let done = 0; done <= 100; done += 1) {
      line.show({ stage: 'reading', done: done * MB, total: 100 * MB, toText: toByteText });
      advance(20);
    }
    line.clear();
    assert.equal(lines.length, 21);
    assert.equal(lines[9], 'reading [############------------] 50 %, 50 MB of 100 MB, 50 MB/s, 1 s left');
    assert.equal(lines.at(-1), '');
  });

  it('is printed in a pipe as a plain line at every tenth of the way, at least a second apart', () => {
    const { lines, advance, line } = collect(false);
    for (let done = 0; done <= 100; done += 1) {
      line.show({ stage: 'reading', done: done * MB, total: 100 * MB, toText: toByteText });
      advance(50);
    }
    line.clear();
    assert.deepEqual(
      lines,
      [20, 40, 60, 80, 100].map((percent) => lines.find((text) => text.startsWith(`reading: ${percent} %`))),
    );
    assert.equal(lines[0], 'reading: 20 %, 20 MB of 100 MB, 20 MB/s, 4 s left');
  });

  it('starts again at each stage, and works when the total is unknown', () => {
    const { lines, advance, line } = collect(true);
    line.show({ stage: 'reading', done: 10, total: 10, toText: String });
    advance(5000);
    line.show({ stage: 'writing', done: 0, total: 0, toText: String });
    advance(200);
    line.show({ stage: 'writing', done: 0, total: 0, toText: String });
    assert.deepEqual(lines, [`writing [${'#'.repeat(24)}] 100 %, 0 of 0, 0/s`]);
  });
});
