// An audit: compares what is stored for a range of intervals with today's history, page by page. With
// `repair`, intervals with findings are re-exported by normal runs, one generation higher, and checked once
// more. When findings remain, the audit fails and says what to do.
import {
  ApplicationFailure,
  continueAsNew,
  defineQuery,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import { AUDIT_FOUND, FINDINGS_NAMED_MAX, openOf, REPAIRS_AT_ONCE } from './contract.ts';
import type { AuditPage, AuditReport, AuditRequest, AuditStages, CarriedAudit, Finding } from './contract.ts';
import { isDue, newReport, toAuditRange, toFoundSentence } from './range.ts';
import { toAuditPage } from './page.ts';
import { assertInput } from '../model/assert-input.ts';
import { auditRequest } from './input.ts';
import { intervalsIn } from '../model/interval-range.ts';
import type { Interval } from '../model/interval.ts';
import { addSample, rateOf } from '../model/rate.ts';
import type { RateSample } from '../model/rate.ts';
import { SCHEDULED_START_TIME } from '../model/search-attributes.ts';
import { RunPool } from '../backfill/run-pool.ts';

setWorkflowOptions({ failureExceptionTypes: [RangeError] }, audit);

export const auditReportQuery = defineQuery<AuditReport | null>('progress');

/** A page takes a second when nothing has changed, and fits a payload even when everything has. */
const PAGE_INTERVALS = 200;

/** The audit waits for servers that are down, however long that takes. */
const stages = proxyActivities<AuditStages>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '1 minute' },
});

export async function audit(request: AuditRequest): Promise<AuditReport> {
  assertInput('audit', auditRequest, request);
  const carried = request.carried ?? (await beginAudit(request));
  const work = new Audit(request, carried);
  try {
    await work.run();
  } catch (error) {
    if (isCancellation(error)) work.show({ state: 'canceled' });
    throw error;
  }
  const { report } = work;
  if (openOf(report) === 0) return report;
  throw ApplicationFailure.create({
    type: AUDIT_FOUND,
    message: toFoundSentence(report),
    nonRetryable: true,
    details: [report],
  });
}

async function beginAudit({ stream: asked, range, repair }: AuditRequest): Promise<CarriedAudit> {
  const stream = typeof asked === 'string' ? await stages.readDefinition({ name: asked }) : asked;
  const nowMs = workflowInfo().typedSearchAttributes.get(SCHEDULED_START_TIME)?.getTime() ?? Date.now();
  const found = toAuditRange(stream, range, nowMs);
  const report = newReport({ stream, range: found, repair }, nowMs);
  return { stream, range: found, report, cursorMs: found.startMs };
}

class Audit {
  report: AuditReport;
  readonly #request: AuditRequest;
  readonly #carried: CarriedAudit;
  #cursorMs: number;
  #samples: RateSample[] = [];

  constructor(request: AuditRequest, carried: CarriedAudit) {
    this.#request = request;
    this.#carried = carried;
    this.report = carried.report;
    this.#cursorMs = carried.cursorMs;
    setHandler(auditReportQuery, () => this.report);
    this.show({});
  }

  async run(): Promise<void> {
    for (let page = this.#nextPage(); page.length > 0; page = this.#nextPage()) {
      const { stream } = this.#carried;
      const { findings, underWay } = await this.#look(page);
      const repaired = this.#request.repair ? await this.#repair(findings) : findings;
      this.#count(page.length, { findings: repaired, underWay });
      if (this.#isLongEnough()) {
        const report = { ...this.report, continued: this.report.continued + 1 };
        const carried = { ...this.#carried, stream, report, cursorMs: this.#cursorMs };
        await continueAsNew<typeof audit>({ ...this.#request, carried });
      }
    }
    const { repaired } = this.report;
    this.show({ state: openOf(this.report) > 0 ? 'found' : repaired > 0 ? 'repaired' : 'clean' });
  }

  show(change: Partial<AuditReport>): void {
    const report = { ...this.report, ...change, updatedAtMs: Date.now() };
    this.#samples = addSample(this.#samples, { atMs: report.updatedAtMs, count: report.checked });
    const rate = rateOf(this.#samples);
    this.report = { ...report, ratePerSecond: Number(rate.toFixed(rate < 10 ? 2 : 0)) };
    setCurrentDetails(toAuditPage(this.report));
  }

  #nextPage(): Interval[] {
    const { stream, range } = this.#carried;
    const most = Math.min(PAGE_INTERVALS, this.#request.intervalsPerExecution ?? PAGE_INTERVALS);
    const page: Interval[] = [];
    for (const interval of intervalsIn(stream, { startMs: this.#cursorMs, endMs: range.endMs })) {
      this.#cursorMs = interval.endMs;
      if (isDue(stream, interval, this.report.startedAtMs)) page.push(interval);
      if (page.length === most) break;
    }
    return page;
  }

  #look(intervals: Interval[]): Promise<AuditPage> {
    const { stream } = this.#carried;
    const summary = `${intervals.length} intervals: manifests, files and history`;
    return stages.auditIntervals.executeWithOptions({ summary }, [{ stream, intervals }]);
  }

  /** Re-exports each interval, checks it again and returns the findings with the result. */
  async #repair(findings: readonly Finding[]): Promise<Finding[]> {
    const { stream } = this.#carried;
    const startedFor = `${workflowInfo().runId}/${this.#cursorMs}`;
    const pool = new RunPool({ stream, force: true, concurrency: REPAIRS_AT_ONCE, startedFor });
    const intervals = findings.map(({ interval }) => interval);
    pool.add(intervals);
    const failures = new Map<number, string>();
    while (pool.state.queue.length + pool.state.running.length > 0) {
      await pool.startSome();
      for (const { interval, failure } of await pool.awaitSome())
        if (failure !== null) failures.set(interval.startMs, failure);
    }
    const after = intervals.length === 0 ? [] : (await this.#look(intervals)).findings;
    const left = new Map(after.map((finding) => [finding.interval.startMs, finding]));
    return findings.map((before) => {
      const now = left.get(before.interval.startMs);
      if (now === undefined) return { ...before, repair: { outcome: 'repaired' } };
      const message = failures.get(before.interval.startMs) ?? 'made again, and found again';
      return { ...now, repair: { outcome: 'failed', message } };
    });
  }

  #count(checked: number, { findings, underWay }: AuditPage): void {
    const { report } = this;
    const open = { ...report.open };
    let { repaired } = report;
    for (const { kind, repair } of findings) {
      if (repair?.outcome === 'repaired') repaired += 1;
      else open[kind] += 1;
    }
    this.show({
      checked: report.checked + checked,
      underWay: report.underWay + underWay,
      open,
      repaired,
      findings: [...report.findings, ...findings].slice(0, FINDINGS_NAMED_MAX),
    });
  }

  #isLongEnough(): boolean {
    const { intervalsPerExecution } = this.#request;
    if (this.#cursorMs >= this.#carried.range.endMs) return false;
    if (workflowInfo().continueAsNewSuggested) return true;
    const checkedHere = this.report.checked - this.#carried.report.checked;
    return intervalsPerExecution !== undefined && checkedHere >= intervalsPerExecution;
  }
}
