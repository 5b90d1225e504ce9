// The input shape of an audit, including the state it carries over continue-as-new.
import { FINDING_KINDS } from './contract.ts';
import type { AuditReport, AuditRequest, CarriedAudit } from './contract.ts';
import {
  count,
  either,
  instantMs,
  isObject,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  positive,
  record,
  such,
  text,
  truth,
} from '../model/shape.ts';
import { definition, interval, seconds, streamName, WAIT_SECONDS_MAX } from '../model/stream-shape.ts';

const finding = object<AuditReport['findings'][number]>({
  interval,
  kind: oneOf(FINDING_KINDS),
  key: text,
  detail: text,
  generation: nullable(number),
  repair: nullable(such('an outcome', isObject)),
});

const auditReport = object<AuditReport>({
  stream: text,
  range: interval,
  repair: truth,
  state: oneOf(['auditing', 'clean', 'repaired', 'found', 'canceled']),
  total: count,
  checked: count,
  underWay: count,
  notDue: count,
  open: record(count),
  repaired: count,
  findings: list(finding),
  ratePerSecond: number,
  startedAtMs: number,
  updatedAtMs: number,
  continued: count,
});

const backSeconds = object<{ backSeconds: number }>({ backSeconds: seconds(1, WAIT_SECONDS_MAX) });

export const auditRequest = object<AuditRequest>({
  stream: either({ when: (value) => typeof value === 'string', shape: streamName }, definition),
  range: either({ when: (value) => isObject(value) && 'backSeconds' in value, shape: backSeconds }, interval),
  repair: truth,
  intervalsPerExecution: optional(positive),
  carried: optional(
    object<CarriedAudit>({ stream: definition, range: interval, report: auditReport, cursorMs: instantMs }),
  ),
});
