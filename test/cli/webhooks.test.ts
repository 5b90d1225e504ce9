// Webhooks on real parts: runs that complete and fail, real HTTP servers that take events, refuse them,
// answer slowly, or are not there. The export never waits for any of them; an event comes again until it is
// taken, under one id.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findFreePorts } from '../../local/free-ports.ts';
import { announcementIdOf } from '../../workflows/webhooks/contract.ts';
import { HOUR, startTestWorker, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { until } from '../../local/until.ts';
import { startReceiver } from './receiver.ts';
import type { Answer, Receiver } from './receiver.ts';

const PAGE = /^http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/export%3A\S+\/history$/;

describe('webhooks', () => {
  it('report a complete file, signed, with its manifest', () =>
    withReceiver({}, async (bench, receiver) => {
      const { manifest } = await bench.run(makeStream(bench.unique('told')), HOUR);
      const [event] = await receivedBy(receiver, 1);
      assert.equal(event?.isSigned, true);
      assert.equal(event.type, 'file.completed');
      assert.equal(event.id, `file.completed:${manifest?.stream}-2026-11-23T11:00:00Z:${manifest?.write_id}`);
      const { page, ...data } = event.data;
      assert.deepEqual(data, { destination: 'local', ...manifest });
      assert.match(String(page), PAGE);
    }));

  it('report an interval whose file is left out, and a re-exported file, each once', () =>
    withReceiver({}, async (bench, receiver) => {
      const stream = makeStream(bench.unique('again'), { empty: 'skip' });
      await bench.run(stream, HOUR);
      await bench.run(stream, HOUR);
      await bench.run(stream, HOUR, true);
      const events = await receivedBy(receiver, 2);
      assert.deepEqual(
        events.map(({ data }) => [data['generation'], data['file_written']]),
        [
          [1, false],
          [2, false],
        ],
      );
      assert.equal(new Set(events.map(({ id }) => id)).size, 2);
    }));

  it('report a failed run with a remedy and a link to its page', () =>
    withReceiver({}, async (bench, receiver) => {
      const stream = makeStream(bench.unique('failed'), { destination: 'moon' });
      await assert.rejects(bench.run(stream, HOUR));
      const [event] = await receivedBy(receiver, 1);
      assert.equal(event?.type, 'run.failed');
      assert.equal(event.isSigned, true);
      const { data } = event;
      assert.match(String(data['message']), /destination: got "moon", allowed: local/);
      assert.equal(data['error_type'], 'UnknownDestinationError');
      assert.deepEqual(
        [data['stream'], data['interval_start'], data['interval_end']],
        [stream.name, '2026-11-23T10:00:00Z', '2026-11-23T11:00:00Z'],
      );
      assert.match(String(data['page']), PAGE);
    }));

  it('do not report a run that a person canceled', () =>
    withReceiver({}, async (bench, receiver) => {
      const waiting = makeStream(bench.unique('canceled'), { settleSeconds: 86_400 * 365 });
      const running = bench.run(waiting, HOUR);
      const handle = bench.connected.client.workflow.getHandle(`export:${waiting.name}-2026-11-23T11:00:00Z`);
      await until('the run is there', () => handle.describe().catch(() => undefined));
      await handle.cancel();
      await assert.rejects(running);
      await bench.run(makeStream(bench.unique('after')), HOUR);
      const [event] = await receivedBy(receiver, 1);
      assert.equal(event?.type, 'file.completed');
    }));

  it('are repeated until they are accepted, under one id, each signed again', () =>
    withReceiver(
      {
        answer: (attempt) =>
          attempt === 0 ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200 },
      },
      async (bench, receiver) => {
        await bench.run(makeStream(bench.unique('retried')), HOUR);
        const [first, second] = await receivedBy(receiver, 2);
        assert.equal(first?.id, second?.id);
        assert.ok(first?.isSigned === true && second?.isSigned === true);
        assert.ok((second.atMs - first.atMs) / 1000 < 4, 'the receiver named a shorter pause than ours');
        const handle = bench.connected.client.workflow.getHandle(announcementIdOf({ id: first.id }));
        assert.deepEqual(await handle.result(), { delivered: ['ops'] });
      },
    ));

  it('end visibly for a receiver that refuses further deliveries', () =>
    withReceiver({ answer: () => ({ status: 410 }) }, async (bench, receiver) => {
      await bench.run(makeStream(bench.unique('gone')), HOUR);
      const [event] = await receivedBy(receiver, 1);
      const handle = bench.connected.client.workflow.getHandle(announcementIdOf({ id: event?.id ?? '' }));
      await assert.rejects(handle.result(), (error: Error) => {
        assert.match((error.cause as Error).message, /^webhook ops: not taken: webhook ops: HTTP 410/);
        return true;
      });
    }));

  it('never follow a redirect', async () => {
    const elsewhere = await startReceiver();
    const answer: Answer = () => ({ status: 307, headers: { location: elsewhere.url } });
    try {
      await withReceiver({ answer }, async (bench, receiver) => {
        await bench.run(makeStream(bench.unique('redirected')), HOUR);
        const [event] = await receivedBy(receiver, 1);
        const handle = bench.connected.client.workflow.getHandle(announcementIdOf({ id: event?.id ?? '' }));
        const failure = await lastFailureOf(handle);
        assert.match(failure, /webhook ops: HTTP 307/);
        assert.equal(elsewhere.received.length, 0);
      });
    } finally {
      await elsewhere.close();
    }
  });

  it('delay no export and no other receiver when one is silent and one is unreachable', () =>
    withReceiver(
      {
        answer: () => 'never',
        more: (good, deadUrl) => ({
          WEBHOOKS: 'ops,dead,good',
          WEBHOOK_DEAD_URL: deadUrl,
          WEBHOOK_DEAD_SECRET: good.secret,
          WEBHOOK_GOOD_URL: good.url,
          WEBHOOK_GOOD_SECRET: good.secret,
        }),
      },
      async (bench, silent, good) => {
        // More than the deliveries to one webhook that wait at once.
        const runs = Array.from({ length: 12 }, (_, index) =>
          bench.run(makeStream(bench.unique(`many-${index}`)), HOUR),
        );
        const startedMs = Date.now();
        for (const { outcome } of await Promise.all(runs)) assert.equal(outcome, 'complete');
        assert.ok(Date.now() - startedMs < 60_000);
        await until('the silent one was asked', () => Promise.resolve(silent.received[0]));
        const [event] = await receivedBy(good, 1);
        const handle = bench.connected.client.workflow.getHandle(announcementIdOf({ id: event?.id ?? '' }));
        await until('the dead one is named', async () => {
          const { raw } = await handle.describe();
          const messages = (raw.pendingActivities ?? []).map(({ lastFailure }) => lastFailure?.message ?? '');
          return messages.find((message) => message === 'webhook dead: ECONNREFUSED');
        });
      },
    ));

  it('contain only the events to which a receiver subscribed', () =>
    withReceiver({ more: () => ({ WEBHOOK_OPS_EVENTS: 'run.failed' }) }, async (bench, receiver) => {
      await bench.run(makeStream(bench.unique('unheard')), HOUR);
      await assert.rejects(bench.run(makeStream(bench.unique('heard'), { destination: 'moon' }), HOUR));
      const [event] = await receivedBy(receiver, 1);
      assert.equal(event?.type, 'run.failed');
    }));
});

interface Told {
  answer?: Answer;
  more?: (good: Receiver, deadUrl: string) => Record<string, string>;
}

/** A bench whose worker has one webhook, `ops`, and perhaps more. */
function withReceiver(
  { answer, more }: Told,
  use: (bench: ExportBench, receiver: Receiver, good: Receiver) => Promise<void>,
): Promise<void> {
  return withExportBench(
    async (bench) => {
      const [receiver, good] = [await startReceiver(answer), await startReceiver()];
      const [deadPort] = await findFreePorts(1);
      const deadUrl = `http://127.0.0.1:${deadPort}/hooks`;
      const variables = {
        WEBHOOKS: 'ops',
        WEBHOOK_OPS_URL: receiver.url,
        WEBHOOK_OPS_SECRET: receiver.secret,
      };
      const worker = await startTestWorker(bench.configured({ ...variables, ...more?.(good, deadUrl) }));
      try {
        await use(bench, receiver, good);
      } finally {
        await receiver.close();
        await good.close();
        await worker.stop();
      }
    },
    { startsWorker: false },
  );
}

function receivedBy({ received }: Receiver, count: number) {
  return until(`${count} events were received`, () =>
    Promise.resolve(received.length >= count ? received : undefined),
  );
}

function lastFailureOf(handle: {
  describe(): Promise<{
    raw: { pendingActivities?: { lastFailure?: { message?: string | null } | null }[] | null };
  }>;
}): Promise<string> {
  return until('an attempt has failed', async () => {
    const { raw } = await handle.describe();
    return raw.pendingActivities?.[0]?.lastFailure?.message ?? undefined;
  });
}
