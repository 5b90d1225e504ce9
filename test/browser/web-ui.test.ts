// What an operator sees in Temporal's Web UI and does there, in real headless Chromium: lists and pages are
// read, Trigger and Reset are clicked, and what follows is looked up in the store. Pictures of all pages are
// kept in .local/screenshots. Skipped, saying so, without a Chromium.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import type { StageTools } from '../../activities/runtime/stage-tools.ts';
import { createSchedule, deleteSchedule, startRun } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import type { WorkerConfig } from '../../config/config.ts';
import type { RunningWorker } from '../../worker/run-worker.ts';
import { runIdOf, scheduleIdOf, lastIntervalEndedBy } from '../../workflows/model/interval.ts';
import type { ExportRequest, RunSummary } from '../../workflows/model/run.ts';
import { settingsAt } from '../../workflows/model/stream.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR, startTestWorker, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { until } from '../../local/until.ts';
import { findBrowser, runPathOf, shownText, withWebUi } from './web-ui.ts';
import type { WebUiBrowser } from './web-ui.ts';

const found = findBrowser();
const needsBrowser = { skip: found.skip };

/** Rooms of about 3.5 kB: three parts of 10 MB. */
const ROOMS = 8_000;
const SMALL_PARTS = { atOnce: 1, rangeBytesPlain: 10_000_000 };

describe('the Web UI', () => {
  it("lists streams, and shows on a stream's page when it fires and how it is configured", needsBrowser, () =>
    withPages(async ({ bench, browser }) => {
      const stream = makeStream(bench.unique('listed'), { everySeconds: 900, project: 'acme' });
      await createSchedule(bench.connected, stream);
      try {
        const list = await browser.open('schedules');
        await list.getByText(scheduleIdOf(stream.name)).waitFor();
        await list.getByText('Every 15 minute(s)').first().waitFor();
        await browser.picture(list, 'schedules');
        const page = await browser.open(`schedules/${encodeURIComponent(scheduleIdOf(stream.name))}`);
        await page.getByText('AllowAll').waitFor();
        await page.getByText('1 year').waitFor();
        await shownText(page, /"project": "acme"/);
        await browser.picture(page, 'schedule');
      } finally {
        await deleteSchedule(bench.connected, stream.name);
      }
    }),
  );

  it('shows the progress of an active run, and the result of a finished one', needsBrowser, () =>
    withPages(async ({ bench, browser, gate }) => {
      const stream = makeStream(bench.unique('calls'), { prefix: 'rooms/', project: bench.unique('acme') });
      const { project } = settingsAt(stream, 0);
      await makeHistory(bench.connection, {
        rooms: ROOMS,
        seed: 1,
        projectId: project,
        fromMs: HOUR.startMs,
        toMs: HOUR.endMs,
      });
      gate.holdPart(2);
      const handle = await startRun(bench.connected, { stream, interval: HOUR, force: false });
      await gate.isHolding();
      const path = runPathOf({ workflowId: handle.workflowId, runId: handle.firstExecutionRunId });
      const details = await browser.open(`${path}/user-metadata`);
      const text = await shownText(details, /exporting/);
      assert.match(
        text,
        /stream calls-\w+: project acme-\w+ to local, 2026-11-23T10:00:00Z\.\.2026-11-23T11:00:00Z/,
      );
      assert.match(text, /Every\s+1 h/);
      assert.match(text, /When it failed: fix what its failure names, then press Reset/);
      assert.match(text, /exporting\s+█+░+ \d+ %/);
      assert.match(text, /Rooms\s+2,\d{3} of 8,000/);
      assert.match(text, /Batches\s+1 of \d/);
      assert.match(text, /rooms\/calls-\w+\/2026\/11\/23\/calls-\w+_20261123T100000Z_20261123T110000Z\.json/);
      await browser.picture(details, 'run-at-work-details');
      const timeline = await browser.open(`${path}/timeline`);
      await timeline
        .getByText(/part 2 of \d: \d+ rooms/)
        .first()
        .waitFor();
      await browser.picture(timeline, 'run-at-work-timeline');

      gate.open();
      await handle.result();
      const finished = await browser.open(`${path}/timeline`);
      await shownText(finished, /COMPLETED/);
      for (const summary of [
        'counts the rooms and cuts them',
        'has the history moved',
        '8000 rooms, generation 1',
      ])
        await finished.getByText(summary).first().waitFor();
      await browser.picture(finished, 'run-finished-timeline');
      const made = await browser.open(`${path}/user-metadata`);
      await shownText(made, /Rooms\s+8,000 of 8,000/);
      await browser.picture(made, 'run-finished-details');
    }),
  );

  it('shows how to fix a failed run; after the fix, Reset completes its file', needsBrowser, () =>
    withPages(
      async ({ bench, browser, restartWorker }) => {
        const stream = makeStream(bench.unique('failed'));
        const handle = await startRun(bench.connected, { stream, interval: HOUR, force: false });
        await assert.rejects(handle.result());
        const path = runPathOf({ workflowId: handle.workflowId, runId: handle.firstExecutionRunId });
        const details = await browser.open(`${path}/user-metadata`);
        await shownText(details, /failed\s[\s\S]*DESTINATION_LOCAL_BUCKET[\s\S]*NoSuchBucket/);
        await browser.picture(details, 'run-failed-details');
        const page = await browser.open(`${path}/history`);
        await shownText(page, /FAILED[\s\S]*NoSuchBucket/);
        await browser.picture(page, 'run-failed');

        await restartWorker(bench.config);
        await clickReset(page, browser);
        await until('the run was made again', async () => {
          const { status } = await bench.connected.client.workflow.getHandle(handle.workflowId).describe();
          return status.name === 'COMPLETED' ? status : undefined;
        });
        const summary = await runOf(bench, handle.workflowId).result();
        assert.equal((await bench.readFile(summary.manifest)).toString(), '[]\n');
      },
      (bench) => bench.configured({ DESTINATION_LOCAL_BUCKET: 'no-such-bucket' }),
    ),
  );

  it(
    'Trigger exports the last complete interval, by the run that owns it and never beside it',
    needsBrowser,
    () =>
      withPages(async ({ bench, browser, gate }) => {
        const stream = makeStream(bench.unique('triggered'));
        await createSchedule(bench.connected, stream);
        try {
          const interval = lastIntervalEndedBy(Date.now(), settingsAt(stream, 0));
          gate.holdPart(1);
          const owner = await startRun(bench.connected, { stream, interval, force: false });
          await gate.isHolding();
          const page = await browser.open(`schedules/${encodeURIComponent(scheduleIdOf(stream.name))}`);
          await clickTrigger(page, browser);
          const triggered = await triggeredRunOf(bench, stream);
          assert.notEqual(triggered, owner.workflowId);
          const handle = runOf(bench, triggered);
          await until('the triggered run waits for the owner', async () => {
            const { raw } = await handle.describe();
            return raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'awaitRun');
          });
          const waiting = await browser.open(
            `${runPathOf({ workflowId: triggered, runId: (await handle.describe()).runId })}/timeline`,
          );
          await waiting.getByText(`waits for ${owner.workflowId}`).first().waitFor();
          await browser.picture(waiting, 'run-triggered-waiting');
          assert.equal(gate.partsSent(), 1);
          gate.open();
          const { outcome, manifest } = await handle.result();
          assert.equal(outcome, 'handed-over');
          assert.equal(owner.workflowId, runIdOf(stream.name, interval));
          assert.equal(manifest?.run_id, owner.firstExecutionRunId);
          assert.equal(manifest.generation, 1);
          assert.equal(gate.partsSent(), 1);
        } finally {
          await deleteSchedule(bench.connected, stream.name);
        }
      }),
  );
});

interface Pages {
  bench: ExportBench;
  browser: WebUiBrowser;
  gate: Gate;
  restartWorker: (config: WorkerConfig) => Promise<void>;
}

function withPages(
  use: (pages: Pages) => Promise<void>,
  configure: (bench: ExportBench) => WorkerConfig = ({ config }) => config,
): Promise<void> {
  return withExportBench(
    async (bench) => {
      const gate = new Gate();
      const wrapTools = (tools: StageTools) => gate.wrap(tools);
      let worker: RunningWorker = await startTestWorker(configure(bench), { wrapTools });
      try {
        await withWebUi({ executablePath: found.path ?? '', uiUrl: bench.stack.temporal.uiUrl }, (browser) =>
          use({
            bench,
            browser,
            gate,
            restartWorker: async (config) => {
              await worker.stop();
              worker = await startTestWorker(config, { wrapTools });
            },
          }),
        );
      } finally {
        gate.open();
        await worker.stop();
      }
    },
    { startsWorker: false, batches: SMALL_PARTS },
  );
}

/** Holds a run before one of its parts is sent, as a slow store would. */
class Gate {
  #held: number | null = null;
  #sent = 0;
  #release: (() => void) | null = null;

  holdPart(count: number): void {
    this.#held = count;
  }

  partsSent(): number {
    return this.#sent;
  }

  async isHolding(): Promise<void> {
    await until('a part is held', () => Promise.resolve(this.#release ?? undefined));
  }

  open(): void {
    this.#held = null;
    this.#release?.();
  }

  wrap(tools: StageTools): StageTools {
    const destinations = [...tools.destinations].map(([name, opened]) => {
      const store = new Proxy(opened.store, {
        get: (target, method) => {
          const own: unknown = Reflect.get(target, method, target);
          if (typeof own !== 'function') return own;
          const call = (own as (...of: unknown[]) => unknown).bind(target);
          return method === 'uploadPart' ? (of: unknown) => this.#pass().then(() => call(of)) : call;
        },
      });
      return [name, { ...opened, store }] as const;
    });
    return { ...tools, destinations: new Map(destinations) };
  }

  async #pass(): Promise<void> {
    this.#sent += 1;
    if (this.#sent === this.#held) await new Promise<void>((resolve) => (this.#release = resolve));
  }
}

/** The first of the events that may be chosen: everything is done again. */
async function clickReset(page: Page, browser: WebUiBrowser): Promise<void> {
  await page.getByRole('button', { name: 'Reset' }).first().click();
  const dialog = page.getByRole('dialog').last();
  await dialog.getByTestId('workflow-reset-event-id-select-button').click();
  const first = dialog.getByRole('option').first();
  await first.waitFor();
  await browser.picture(page, 'run-failed-reset');
  await first.click();
  await dialog.getByRole('button', { name: 'Confirm' }).click();
}

async function clickTrigger(page: Page, browser: WebUiBrowser): Promise<void> {
  await page.getByRole('button', { name: 'Schedule Actions' }).click();
  await page.getByRole('menuitem', { name: 'Trigger' }).click();
  const dialog = page.getByRole('dialog').last();
  await dialog.waitFor();
  await browser.picture(page, 'schedule-trigger');
  await dialog.getByRole('button', { name: 'Trigger' }).click();
}

function runOf({ connected }: ExportBench, workflowId: string) {
  return connected.client.workflow.getHandle<(request: ExportRequest) => Promise<RunSummary>>(workflowId);
}

async function triggeredRunOf({ connected }: ExportBench, { name }: StreamDefinition): Promise<string> {
  const schedule = connected.client.schedule.getHandle(scheduleIdOf(name));
  return until('the trigger has started a run', async () => {
    const { info } = await schedule.describe();
    return info.recentActions[0]?.action.workflow.workflowId;
  });
}
