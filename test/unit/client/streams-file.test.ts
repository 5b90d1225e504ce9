// Files of streams: what they may say, and that everything wrong in one is named at once, with its line.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseStreamsFile } from '../../../client/streams-file.ts';
import type { FileStream } from '../../../client/streams-file.ts';
import { KEY_TEMPLATE_DEFAULT } from '../../../workflows/model/key-template.ts';

describe('a file of streams', () => {
  it("gives its streams the command line's defaults, and merges maps", () => {
    const [a, b] = streamsOf(`streams:
  - &a
    name: a
    project: acme
    destination: lake
    every: 15m
  - <<: *a
    name: b
    compression: gzip
    from: 2026-11-23T00:00:00Z
    until: 2026-12-01T01:00+01:00
    jitter: 3s
`);
    assert.deepEqual(a, {
      name: 'a',
      settings: {
        project: 'acme',
        destination: 'lake',
        prefix: '',
        everySeconds: 900,
        offsetSeconds: 0,
        settleSeconds: 60,
        format: 'json',
        compression: 'none',
        fields: 'standard',
        keyTemplate: KEY_TEMPLATE_DEFAULT,
        empty: 'write',
        giveUpSeconds: 86_400,
      },
      fromMs: undefined,
      untilMs: null,
      jitterSeconds: null,
      line: 3,
    });
    assert.equal(b?.settings.compression, 'gzip');
    assert.equal(b.settings.project, 'acme');
    assert.deepEqual(
      [b.fromMs, b.untilMs, b.jitterSeconds, b.line],
      [Date.UTC(2026, 10, 23), Date.UTC(2026, 11, 1), 3, 7],
    );
  });

  it('is refused at once, with the line, when nested aliases stand for billions of values', () => {
    const levels = 'bcdefghij'.split('');
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [at, level] of levels.entries()) {
      const before = at === 0 ? 'a' : levels[at - 1];
      lines.push(`${level}: &${level} [${Array(10).fill(`*${before}`).join(', ')}]`);
    }
    const beginMs = performance.now();
    // Ten of f are a million, after the hundred thousand of the lines above.
    assert.deepEqual(problemsOf(`${lines.join('\n')}\nstreams: []\n`), [
      's.yaml:6: *e: got an alias with which the file has more than 1000000 values; allowed: fewer aliases of aliases, and none of itself',
    ]);
    assert.ok(performance.now() - beginMs < 2_000);
    assert.match(problemsOf('streams:\n  - &a [*a]\n')[0] ?? '', /^s\.yaml:2: \*a: got an alias/);
    assert.match(problemsOf('['.repeat(200_000))[0] ?? '', /^s\.yaml:1: not YAML/);
  });

  it('may use an alias as often as it has streams', () => {
    const stream = (index: number) =>
      `  - {name: s${index}, project: ${index === 0 ? '&p acme' : '*p'}, destination: lake}`;
    const text = `streams:\n${Array.from({ length: 500 }, (_none, index) => stream(index)).join('\n')}\n`;
    const streams = streamsOf(text);
    assert.equal(streams.length, 500);
    assert.ok(streams.every(({ settings }) => settings.project === 'acme'));
  });

  it('is answered with all its problems, each with its line', () => {
    assert.deepEqual(
      problemsOf(`streams:
  - name: Bad_Name
    project: acme
    every: 15
    fromat: json
  - name: b
    project: acme
    destination: lake
    compression: gzi
    from: 2026-11-23T00:00:00
    jitter: 2h
`),
      [
        's.yaml:2: name: got "Bad_Name", allowed: [a-z][a-z0-9-]{0,62}',
        's.yaml:2: destination: got none, allowed: one for each stream',
        's.yaml:4: every: got "15", allowed: whole numbers with s, m, h or d, as 90s, 15m, 1h30m, 7d',
        's.yaml:5: fromat: unknown field, allowed: name, project, destination, prefix, every, offset, settle, format, compression, fields, key-template, empty, give-up, from, until, jitter; did you mean format?',
        's.yaml:9: compression: got "gzi", allowed: none, gzip; did you mean gzip?',
        's.yaml:10: from: got "2026-11-23T00:00:00", allowed: a time with its zone, in whole seconds, of a date that exists, years 1970 to 2999, as 2026-11-23T10:15:00Z or 2026-11-23T11:15+01:00',
        's.yaml:11: jitter: got 7200 s, allowed: whole seconds from 0 to 3600',
      ],
    );
  });

  it('is refused when settings are not allowed or names are repeated', () => {
    const stream = '  - { name: a, project: acme, destination: lake, every: 59s }\n';
    assert.deepEqual(problemsOf(`streams:\n${stream}${stream}`), [
      's.yaml:2: every: got 59 s, allowed: whole seconds from 60 to 604800',
      's.yaml:3: name: got "a" twice, first on line 2; allowed: each once',
      's.yaml:3: every: got 59 s, allowed: whole seconds from 60 to 604800',
    ]);
  });

  it('is refused when it is not a streams file', () => {
    assert.match(problemsOf('streams: [').join('\n'), /^s\.yaml:1: not YAML: /);
    assert.match(
      problemsOf('')[0] ?? '',
      /^s\.yaml:1: file: .*; allowed: streams: and under it a list of streams/,
    );
    assert.match(problemsOf('streams: []')[0] ?? '', /^s\.yaml:1: streams: allowed: 1 to 1000 streams$/);
    assert.match(
      problemsOf('streams:\n  - 7\n')[0] ?? '',
      /^s\.yaml:2: stream: .*; allowed: a map of fields: name, /,
    );
    assert.match(
      problemsOf('stream: []').join('\n'),
      /s\.yaml:1: stream: unknown field, allowed: streams; did you mean streams\?/,
    );
  });
});

function streamsOf(text: string): FileStream[] {
  const parsed = parseStreamsFile(text, 's.yaml');
  assert.ok('streams' in parsed, 'problems' in parsed ? parsed.problems.join('\n') : '');
  return parsed.streams;
}

function problemsOf(text: string): string[] {
  const parsed = parseStreamsFile(text, 's.yaml');
  assert.ok('problems' in parsed);
  return parsed.problems;
}
