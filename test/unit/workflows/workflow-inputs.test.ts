// The shapes of workflow inputs: each wrong value is refused by name, every recorded input is taken, and no
// value crashes the check.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultPayloadConverter } from '@temporalio/common';
import { ApplicationFailure } from '@temporalio/workflow';
import fc from 'fast-check';
import { parseScheduledStream, UnreadableStreamError } from '../../../streams/stream-record.ts';
import { INPUTS } from '../../../workflows/inputs.ts';
import { assertInput } from '../../../workflows/model/assert-input.ts';
import { describeProblem } from '../../../workflows/model/problem.ts';
import { HOUR } from '../../export-bench.ts';
import { makeStream } from '../../../local/make-stream.ts';
import { readHistories } from '../../workflow/histories.ts';
type Workflow = keyof typeof INPUTS;

const STREAM = makeStream('calls');
const NO_INPUTS = [undefined, null, '', 'x', 0, -1, Number.NaN, true, [], [[]], [{}]];
function problemsOf(workflow: Workflow, input: unknown): string[] {
  return INPUTS[workflow].check(input, '').map(describeProblem);
}
function withSettings(changes: Readonly<Record<string, unknown>>): unknown {
  const [first] = STREAM.revisions;
  const settings = { ...first?.settings, ...changes };
  return { ...STREAM, revisions: [{ fromMs: 0, settings }] };
}
describe('the input of a workflow', () => {
  it('is accepted in every recorded form', () => {
    for (const { shape, history } of readHistories()) {
      const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
      const name = started?.workflowType?.name as Workflow;
      const [payload] = started?.input?.payloads ?? [];
      assert.ok(payload !== undefined, shape);
      assert.deepEqual(problemsOf(name, defaultPayloadConverter.fromPayload(payload)), [], shape);
    }
  });
  for (const workflow of Object.keys(INPUTS) as Workflow[])
    it(`of ${workflow} fails the run permanently when it is invalid, and the error names the field`, () => {
      for (const input of NO_INPUTS) {
        assert.throws(
          () => assertInput(workflow, INPUTS[workflow], input),
          (error) => {
            assert.ok(error instanceof ApplicationFailure);
            assert.equal(error.nonRetryable, true);
            assert.equal(error.type, 'InvalidRequest');
            assert.match(error.message, /^the input of \w+ cannot be used: .*got .*, allowed: /s);
            assert.ok(Array.isArray(error.details?.[0]));
            return true;
          },
        );
      }
    });
  for (const [field, values] of [
    [
      'everySeconds',
      ['3600', 0, -3600, 59, 604801, 3600.5, null, Number.NaN, Number.POSITIVE_INFINITY, 1e21, undefined],
    ],
    ['offsetSeconds', ['0', -1, -0, 3600, 0.5, null, undefined]],
    ['settleSeconds', ['60', -1, 1e12, null, undefined]],
    ['giveUpSeconds', ['60', 0, -1, 1e12, undefined]],
    ['project', ['', 7, null, 'a\nb', '\uD800', undefined]],
    ['destination', ['', 7, undefined]],
    ['prefix', ['/x', '../x/', 'a//b', 'a\\b', '{x}', '\uFFFD', 7, undefined]],
    ['keyTemplate', ['', '{when}', '/{start}', '../{start}', '{yyyy}', '{start}/', 7, undefined]],
    ['format', ['JSON', 'xml', null, undefined]],
    ['compression', ['zip', true, undefined]],
    ['fields', ['all', undefined]],
    ['empty', ['keep', undefined]],
  ] as [field: string, values: unknown[]][])
    it(`of a run is refused when its ${field} is wrong`, () => {
      for (const value of values) {
        const [problem, ...others] = problemsOf('exportInterval', {
          stream: withSettings({ [field]: value }),
          interval: HOUR,
        });
        assert.ok(
          problem?.startsWith(`stream.revisions[0].settings.${field}: got `),
          `${String(value)}: ${problem}`,
        );
        assert.ok(
          others.every((other) => other.includes(field)),
          others.join('\n'),
        );
      }
    });
  it('of a run is refused for a number in quotes, with the value and what is allowed', () => {
    assert.deepEqual(problemsOf('exportInterval', { stream: withSettings({ everySeconds: '3600' }) }), [
      'stream.revisions[0].settings.everySeconds: got "3600", allowed: whole seconds from 60 to 604800',
    ]);
  });
  for (const [what, changes, field] of [
    ['no name', { name: undefined }, 'name'],
    ['a name in capitals', { name: 'Calls' }, 'name'],
    ['a date as a text', { fromMs: '2026-02-30' }, 'fromMs'],
    ['a time before 1970', { fromMs: -1 }, 'fromMs'],
    ['a time after 2999', { fromMs: Date.UTC(3e3, 0, 1) }, 'fromMs'],
    ['an end that is missing', { untilMs: undefined }, 'untilMs'],
    [
      'ranges left out that end before they start',
      { skipped: [{ startMs: 2e3, endMs: 1e3 }] },
      'skipped[0].endMs',
    ],
    ['ranges left out that are no list', { skipped: null }, 'skipped'],
    ['no revisions', { revisions: [] }, 'revisions'],
    [
      'revisions in no order',
      { revisions: [...STREAM.revisions, ...STREAM.revisions] },
      'revisions[1].fromMs',
    ],
    ['a jitter that is a text', { jitterSeconds: '5s' }, 'jitterSeconds'],
  ] as [what: string, changes: object, field: string][])
    it(`of a run is refused for a stream with ${what}`, () => {
      const [problem] = problemsOf('exportInterval', { stream: { ...STREAM, ...changes } });
      assert.ok(problem?.startsWith(`stream.${field}: got `), problem);
    });
  for (const [what, change, field] of [
    ['an interval in texts', { interval: { startMs: '0', endMs: '1' } }, 'interval.startMs'],
    ['an interval that ends first', { interval: { startMs: 2e3, endMs: 1e3 } }, 'interval.endMs'],
    ['a force that is a text', { force: 'yes' }, 'force'],
    ['a state carried over that is none', { carried: {} }, 'carried.startedAtMs'],
    ['a plan carried over that is none', { carried: { plan: {} } }, 'carried.startedAtMs'],
  ] as [what: string, change: object, field: string][])
    it(`of a run is refused for ${what}`, () => {
      const problems = problemsOf('exportInterval', { stream: STREAM, ...change });
      assert.ok(problems[0]?.startsWith(`${field}: got `), problems.join('\n'));
    });
  it('never crashes its reader, whatever it contains', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom(...(Object.keys(INPUTS) as Workflow[])),
        (value, workflow) => {
          problemsOf(workflow, value);
          problemsOf(workflow, {
            stream: value,
            interval: value,
            carried: value,
            range: value,
            states: value,
          });
          problemsOf('exportInterval', { stream: { ...STREAM, revisions: value } });
        },
      ),
      { numRuns: 500 },
    );
  });
});
describe('a schedule', () => {
  it('is read as the stream whose id it has', () => {
    assert.equal(parseScheduledStream('calls', [{ stream: STREAM }]), STREAM);
  });
  for (const [what, args, says] of [
    ['no arguments', undefined, /input: got nothing, allowed: an object with stream/],
    ['no argument', [], /input: got nothing, allowed: an object with stream/],
    ['an argument that is none', ['x'], /input: got "x", allowed: an object/],
    [
      'a number in quotes',
      [{ stream: withSettings({ everySeconds: '3600' }) }],
      /input\.stream\.revisions\[0\]\.settings\.everySeconds: got "3600", allowed: whole seconds from 60 to 604800/,
    ],
    [
      'another stream',
      [{ stream: makeStream('others') }],
      /input\.stream\.name: got "others", allowed: "calls"/,
    ],
  ] as [what: string, args: unknown[] | undefined, says: RegExp][])
    it(`with ${what} is unreadable, and one line says why`, () => {
      assert.throws(
        () => parseScheduledStream('calls', args),
        (error) => {
          assert.ok(error instanceof UnreadableStreamError);
          assert.match(
            error.message,
            /^stream "calls": its schedule cannot be read: [^\n]*; correct the input of its action/,
          );
          assert.match(error.message, says);
          return true;
        },
      );
    });
});
