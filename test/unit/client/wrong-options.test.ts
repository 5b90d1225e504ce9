// Every option that takes a value, with a wrong one: a sentence that says what is allowed, exit code 2, and
// no server asked. What only a server can know to be wrong is in test/cli/bad-input.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { runCliHere } from '../../run-cli-here.ts';

/**
 * Nothing listens on the port of the discard service: a command that goes on to a server ends with another
 * exit code.
 */
const NOWHERE = { TEMPORAL_ADDRESS: '127.0.0.1:9', CLICKHOUSE_URL: 'http://127.0.0.1:9' };

const DURATION = /allowed: whole numbers with s, m, h or d, as 90s, 15m, 1h30m, 7d/;
const TIME =
  /allowed: a time with its zone, in whole seconds, of a date that exists, years 1970 to 2999, as 2026-11-23T10:15:00Z or/;
const FORMAT = /allowed: json, ndjson; did you mean json\?/;
const COMPRESSION = /allowed: none, gzip/;
const FIELDS = /allowed: standard, extended; did you mean extended\?/;
const EMPTY = /allowed: write, skip; did you mean skip\?/;
const PROJECT = /got "", allowed: the id of a project/;

/** A value, and what is said of it. */
type Wrong = readonly [value: string, says: RegExp];

interface Case {
  /** A whole command but for the option. */
  args: readonly string[];
  options: Readonly<Record<string, Wrong | readonly Wrong[]>>;
  /** Options that are right with any text, or wrong only for what a server knows. */
  others?: readonly string[];
}

const RANGE = ['--from', '2026-11-23T00:00Z', '--to', '2026-11-24T00:00Z'];

const CASES: Readonly<Record<string, Case>> = {
  'stream create': {
    args: ['calls', '--project', 'p', '--destination', 'local'],
    options: {
      '--project': ['', PROJECT],
      '--destination': ['', /got "", allowed: the name of a destination of the worker/],
      '--prefix': ['/x', /got "\/x", allowed: what keys begin with/],
      '--every': [
        ['quarter', DURATION],
        ['1.5h', DURATION],
        ['59s', /every: got 59 s, allowed: whole seconds from 60 to 604800/],
      ],
      '--offset': [
        ['x', DURATION],
        ['2h', /offset: got 7200 s, allowed: whole seconds from 0 to 3599/],
      ],
      '--settle': [
        ['x', DURATION],
        ['400d', /settle: got 34560000 s, allowed: whole seconds from 0 to 86400/],
      ],
      '--format': ['jsn', FORMAT],
      '--compression': ['zip', COMPRESSION],
      '--fields': ['extend', FIELDS],
      '--key-template': ['{when}', /unknown placeholder \{when\}; allowed: \{prefix\}/],
      '--empty': ['skp', EMPTY],
      '--give-up': [
        ['x', DURATION],
        ['1s', /give-up: got 1 s, allowed: whole seconds from 60 to 2592000/],
      ],
      '--from': [
        ['yesterday', TIME],
        ['2026-11-23T10:00', TIME],
        ['2026-11-23T10:07Z', /the nearest are 2026-11-23T10:00:00Z and 2026-11-23T11:00:00Z/],
      ],
      '--until': [
        ['soon', TIME],
        ['2020-01-01T00:00Z', /until: got 2020-01-01T00:00:00Z, allowed: a time after the stream begins/],
      ],
      '--jitter': [
        ['x', DURATION],
        ['2h', /jitter: got 7200 s, allowed: whole seconds from 0 to 3600/],
      ],
    },
  },
  'stream update': {
    args: ['calls'],
    options: {
      '--every': ['x', DURATION],
      '--offset': ['x', DURATION],
      '--settle': ['x', DURATION],
      '--format': ['jsn', FORMAT],
      '--compression': ['zip', COMPRESSION],
      '--fields': ['extend', FIELDS],
      '--empty': ['skp', EMPTY],
      '--give-up': ['x', DURATION],
      '--until': ['soon', /allowed: a time with its zone, .*, or none/],
      '--jitter': ['x', /allowed: whole numbers with s, m, h or d, .*, or default/],
      '--at': ['noon', TIME],
    },
    others: ['--project', '--destination', '--prefix', '--key-template'],
  },
  'stream pause': { args: ['calls'], options: {}, others: ['--note'] },
  'stream trigger': { args: ['calls'], options: { '--end': ['noon', TIME] } },
  backfill: {
    args: ['calls', ...RANGE],
    options: {
      '--from': ['x', TIME],
      '--to': ['x', TIME],
      '--concurrency': [
        ['0', /got "0", allowed: whole numbers from 1 to 50/],
        ['many', /got "many", allowed: whole numbers from 1 to 50/],
      ],
    },
  },
  audit: { args: ['calls', ...RANGE], options: { '--from': ['x', TIME], '--to': ['x', TIME] } },
  'audit schedule': {
    args: ['calls'],
    options: {
      '--at': ['25:00', /got "25:00", allowed: a time of day in UTC, from 00:00 to 23:59/],
      '--back': ['x', DURATION],
    },
  },
  verify: {
    args: ['--stream', 'calls'],
    options: { '--end': ['noon', TIME] },
    others: ['--destination', '--stream'],
  },
  preflight: { args: [], options: { '--prefix': ['/x', /got "\/x", allowed: what keys begin with/] } },
  analyse: {
    args: ['--project', 'p', ...RANGE],
    options: {
      '--project': ['', PROJECT],
      '--from': [
        ['x', TIME],
        ['2026-11-24T00:00Z', /from, to: got .*, allowed: a range that ends after it begins/],
      ],
      '--to': ['x', TIME],
    },
  },
  schema: { args: [], options: { '--fields': ['extend', FIELDS], '--format': ['jsn', FORMAT] } },
  import: {
    args: ['nothing.jsonl'],
    options: {
      '--project': ['', PROJECT],
      '--format': ['rtcstat', /allowed: auto, rtcstats, webrtc-internals, getstats; did you mean rtcstats\?/],
      '--finalized-at': ['x', TIME],
      '--threads': [
        ['0', /got "0", allowed: whole numbers from 1 to 64/],
        ['x', /got "x", allowed: whole numbers from 1 to 64/],
      ],
    },
  },
};

interface CompletedCommand {
  path: string;
  options: { flags: string[]; value: string }[];
}

describe('a wrong value of an option', () => {
  const kept = { ...process.env };
  before(() => Object.assign(process.env, NOWHERE));
  after(() => {
    for (const name of Object.keys(NOWHERE)) {
      if (kept[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = kept[name];
    }
  });

  it('is tested for every option that takes a value', async () => {
    const tree = JSON.parse(
      (await runCliHere(['completion', 'bash', '--json'])).stdout,
    ) as CompletedCommand[];
    const taken = tree.flatMap(({ path, options }) =>
      options.filter(({ value }) => value !== 'nothing').map(({ flags }) => `${path} ${flags.at(-1)}`),
    );
    const tried = Object.entries(CASES).flatMap(([path, { options, others = [] }]) =>
      [...Object.keys(options), ...others].map((option) => `${path} ${option}`),
    );
    assert.deepEqual(tried.sort(), taken.sort());
  });

  for (const [path, { args, options }] of Object.entries(CASES)) {
    for (const [option, wrong] of Object.entries(options)) {
      for (const [value, says] of toList(wrong)) {
        it(`is answered with what is allowed: ${path} ${option} "${value}"`, async () => {
          const { code, stderr } = await runCliHere([...path.split(' '), ...args, option, value]);
          assert.match(stderr, says);
          assert.equal(code, 2, stderr);
        });
      }
    }
  }
});

function toList(wrong: Wrong | readonly Wrong[]): readonly Wrong[] {
  return typeof wrong[0] === 'string' ? [wrong as Wrong] : (wrong as readonly Wrong[]);
}
