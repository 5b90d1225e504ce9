// Lets the command line ask a worker whether its destinations and the history can be used, end to end. There
// is one activity for each, all at once, so that a store that does not answer delays only its own lines.
import { proxyActivities, uuid4 } from '@temporalio/workflow';
import { assertInput } from '../model/assert-input.ts';
import { preflightRequest } from './input.ts';
import { WHOLE_BUCKET } from './preflight-contract.ts';
import type { PreflightChecks, PreflightReport, PreflightRequest } from './preflight-contract.ts';

/**
 * Two dozen short requests. A silent store is found by the first of them. Another worker takes over when this
 * one dies.
 */
const checks = proxyActivities<PreflightChecks>({
  startToCloseTimeout: '3 minutes',
  heartbeatTimeout: '10 seconds',
  retry: { maximumAttempts: 2 },
});

export async function preflight(request: PreflightRequest): Promise<PreflightReport> {
  assertInput('preflight', preflightRequest, request);
  const known = await checks.listDestinations();
  const unknown = request.destinations.filter((name) => !known.includes(name));
  const report: PreflightReport = { unknown, known, destinations: [], history: [], policy: null };
  if (unknown.length > 0) return report;
  const asked = request.destinations.length > 0 ? request.destinations : known;
  const destinations = asked.map((name) => ({ name, dataPrefixes: prefixesOf(request, name) }));
  if (request.asks === 'policy') {
    return { ...report, policy: await checks.describePolicy({ destinations }) };
  }
  const probeId = uuid4().slice(0, 8);
  const [history, ...checked] = await Promise.all([
    checks.checkHistory.executeWithOptions({ summary: 'the views of the history' }, []),
    ...destinations.map((destination) =>
      checks.checkDestination.executeWithOptions({ summary: `destination ${destination.name}` }, [
        { ...destination, probeId },
      ]),
    ),
  ]);
  return { ...report, history, destinations: checked };
}

function prefixesOf({ dataPrefixes, morePrefixes }: PreflightRequest, name: string): string[] {
  const named = [...new Set([...(dataPrefixes[name] ?? []), ...morePrefixes])];
  return named.length > 0 ? named : [WHOLE_BUCKET];
}
