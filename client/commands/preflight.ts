// `room-streams preflight`: checks through a worker whether the destinations and the history are usable, with
// one line per check. It can also print the minimal policy for the destinations' keys. The streams determine
// which prefixes are checked.
import type { Command } from 'commander';
import { keyPrefixOf } from '../../workflows/model/key-template.ts';
import type {
  CheckLine,
  CheckOutcome,
  PreflightReport,
  PreflightRequest,
} from '../../workflows/questions/preflight-contract.ts';
import { extensionOf } from '../../workflows/model/stream.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { askWorker } from '../ask-worker.ts';
import type { Terminal } from '../cli.ts';
import { withTemporal } from '../../temporal/connect.ts';
import type { Connected } from '../../temporal/connect.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { parseKeyPrefix } from '../parse-arguments.ts';
import { printJson } from '../print.ts';
import { listStreams } from '../streams.ts';

/** This is longer than the time that the workflow gives all its checks together. */
const TIMEOUT_MS = 10 * 60_000;

const WORDS: Readonly<Record<CheckOutcome, string>> = {
  ok: 'ok',
  failed: 'FAILED',
  optional: 'missing',
  'not-tried': 'skipped',
};

interface PreflightOptions {
  prefix?: string[];
  policy?: boolean;
  json?: boolean;
}

export function addPreflightCommand(program: Command, terminal: Terminal): void {
  program
    .command('preflight')
    .argument('[destinations...]', 'names of destinations; all that the workers know if absent')
    .description(
      'tries destinations and the history end to end, as a worker uses them; leaves nothing behind',
    )
    .option(
      '--prefix <prefix>',
      'a key prefix to try beside those of the streams; may be given again',
      (text: string, before: string[] | undefined) => [...(before ?? []), parseKeyPrefix(text)],
    )
    .option('--policy', 'print the least rights that the keys need, as a policy of S3, and try nothing')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      '\nExit code 0: everything can be used; 1: something failed; 3: no such destination.\n\nExamples:\n  room-streams preflight\n  room-streams preflight lake --prefix rooms/\n  room-streams preflight lake --policy > policy.json',
    )
    .action((destinations: string[], options: PreflightOptions) =>
      withTemporal(async (connected) => {
        const asks = options.policy === true ? 'policy' : 'checks';
        const dataPrefixes = await readPrefixes(connected);
        const report = await ask(connected, {
          destinations,
          dataPrefixes,
          morePrefixes: options.prefix ?? [],
          asks,
        });
        if (report.policy !== null) {
          printJson(terminal, report.policy);
          return;
        }
        if (options.json === true) printJson(terminal, report);
        else terminal.out(describeReport(report));
        const failed = linesOf(report).filter(({ outcome }) => outcome === 'failed').length;
        if (failed > 0)
          throw new CommandError(failed === 1 ? '1 check failed' : `${failed} checks failed`, EXIT.failed);
      }),
    );
}

async function ask(connected: Connected, request: PreflightRequest): Promise<PreflightReport> {
  const report = await askWorker<PreflightReport>(connected, {
    workflow: 'preflight',
    request,
    summary:
      request.asks === 'policy'
        ? 'names the rights that destinations need'
        : 'tries destinations and history',
    timeoutMs: TIMEOUT_MS,
  });
  if (report.unknown.length === 0) return report;
  const known = report.known.length === 0 ? 'none is configured' : report.known.join(', ');
  throw new CommandError(
    `destination: got "${report.unknown.join('", "')}", allowed: ${known} (DESTINATIONS of the worker)`,
    EXIT.notFound,
  );
}

/** Returns the prefixes that the streams write to, by destination. */
async function readPrefixes(connected: Connected): Promise<Record<string, string[]>> {
  const found = new Map<string, Set<string>>();
  const add = (destination: string, prefix: string): void => {
    const prefixes = found.get(destination) ?? new Set();
    found.set(destination, prefixes.add(prefix));
  };
  for (const { stream } of await listStreams(connected)) addPrefixesOf(stream, add);
  return Object.fromEntries([...found].map(([destination, prefixes]) => [destination, [...prefixes].sort()]));
}

/** Includes all revisions, because runs of older intervals still write under the older prefixes. */
function addPrefixesOf(
  { name, revisions }: StreamDefinition,
  add: (destination: string, prefix: string) => void,
): void {
  for (const { settings } of revisions) {
    const { destination, keyTemplate, prefix, project } = settings;
    add(
      destination,
      keyPrefixOf(keyTemplate, { prefix, project, stream: name, extension: extensionOf(settings) }),
    );
  }
}

function linesOf({ destinations, history }: PreflightReport): CheckLine[] {
  return [...destinations.flatMap(({ lines }) => lines), ...history];
}

function describeReport(report: PreflightReport): string {
  const width = Math.max(...linesOf(report).map(({ name }) => name.length));
  const toText = ({ name, outcome, got, allowed }: CheckLine): string => {
    const wanted = outcome === 'ok' ? '' : `; allowed: ${allowed}`;
    return `  ${WORDS[outcome].padEnd(8)}${name.padEnd(width + 2)}${got}${wanted}`;
  };
  const blocks = report.destinations.map(({ name, bucket, lines }) =>
    [`destination ${name}, bucket ${bucket}`, ...lines.map(toText)].join('\n'),
  );
  return [...blocks, ['history', ...report.history.map(toText)].join('\n')].join('\n\n');
}
