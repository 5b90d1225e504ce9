// ClickHouse as an embedded server: its engine from an npm package, or a `clickhouse` program, as `clickhouse
// local` that serves HTTP on loopback. Users come from a file: an administrator, and an exporter who may only
// read.
import { createRequire } from 'node:module';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findOnPath } from './resolve-program.ts';
import { keepFromDownload } from './kept-program.ts';
import { OwnedServer, ServerFailedError } from './owned-server.ts';

export interface ClickHouseOptions {
  /** Data, configuration and temporary files. */
  folder: string;
  logFile: string;
  httpPort: number;
  adminPassword: string;
  exporterPassword: string;
  /** What the exporter may read: `room_history.*`, or `*.*` for tests that make databases. */
  exporterReads: string;
  /** Further users who may read what the exporter reads, for tests. */
  moreUsers?: readonly ReadingUser[];
}

/** A user with a settings profile of its own. */
export interface ReadingUser {
  name: string;
  password: string;
  /** Settings of the profile by name; `readonly` is 2 where it is absent. */
  settings: Readonly<Record<string, string>>;
  /** Settings that the user may not change. */
  constants?: readonly string[];
  /** How many queries the user may run in an hour. */
  queriesPerHour?: number;
  /** SQL conditions by `database.table`: the rows that the user sees. */
  rowFilters?: Readonly<Record<string, string>>;
}

export const CLICKHOUSE_ADMIN = 'admin';
export const CLICKHOUSE_EXPORTER = 'exporter';

/** The engine's package; one for each platform. */
const ENGINE_VERSION = '26.7.3-stable.1';

/** A cold start reads half a gigabyte of library from disk; a warm one takes a fifth of a second. */
const READY_WITHIN_MS = 60_000;

/** Makes the server listen; the second statement runs for ever, and the process with it. */
const SERVE =
  'SYSTEM START LISTEN HTTP; SELECT sleepEachRow(1) FROM system.numbers SETTINGS max_block_size = 1 FORMAT Null';

/** Throws ServerFailedError when no engine can be had. */
export async function makeClickHouse(options: ClickHouseOptions): Promise<OwnedServer> {
  const { folder, logFile, httpPort } = options;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'users.xml'), toUsers(options), { mode: 0o600 });
  writeFileSync(join(folder, 'config.xml'), toConfig(folder));
  const [command, ...leading] = await resolveEngine();
  return new OwnedServer({
    name: 'ClickHouse',
    command,
    args: [
      ...leading,
      '--config-file',
      join(folder, 'config.xml'),
      '--path',
      join(folder, 'data'),
      `--http_port=${httpPort}`,
      '--listen_host',
      '127.0.0.1',
      '--query',
      SERVE,
    ],
    logFile,
    readyWithinMs: READY_WITHIN_MS,
    endBy: 'SIGKILL',
    isReady: async (signal) => (await fetch(`http://127.0.0.1:${httpPort}/ping`, { signal })).ok,
  });
}

/** The command that takes the arguments of `clickhouse local`, and what stands before them. */
async function resolveEngine(): Promise<[string, ...string[]]> {
  const named = process.env['CLICKHOUSE_PROGRAM'];
  if (named !== undefined && named !== '') {
    const found = findOnPath(named, '/') ?? findOnPath(named, process.env['PATH'] ?? '');
    if (found === undefined)
      throw new ServerFailedError(`CLICKHOUSE_PROGRAM: got "${named}", allowed: a clickhouse program`);
    return [found, 'local'];
  }
  const library = findEngineLibrary();
  if (library !== undefined)
    return [process.execPath, fileURLToPath(new URL('clickhouse-engine.mjs', import.meta.url)), library];
  const onPath = findOnPath('clickhouse', process.env['PATH'] ?? '');
  if (onPath !== undefined) return [onPath, 'local'];
  return [await downloadClickHouse(), 'local'];
}

/** The name of the engine's package for this machine. */
export function enginePackage(): { name: string; version: string } {
  const libc = process.platform === 'linux' ? '-gnu' : '';
  return { name: `@chdb/lib-${process.platform}-${process.arch}${libc}`, version: ENGINE_VERSION };
}

function findEngineLibrary(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`${enginePackage().name}/libchdb.so`);
  } catch {
    // Not installed: there may be no package for this platform, and there are other sources.
    return undefined;
  }
}

async function downloadClickHouse(): Promise<string> {
  const platforms: Readonly<Record<string, string>> = {
    'linux-x64': 'amd64',
    'linux-arm64': 'aarch64',
    'darwin-x64': 'macos',
    'darwin-arm64': 'macos-aarch64',
  };
  const platform = platforms[`${process.platform}-${process.arch}`];
  try {
    if (platform === undefined) throw new Error(`there is none for ${process.platform} ${process.arch}`);
    const url = `https://builds.clickhouse.com/master/${platform}/clickhouse`;
    return await keepFromDownload({ id: 'clickhouse-master', program: 'clickhouse' }, url);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new ServerFailedError(
      `ClickHouse cannot be had: the package ${enginePackage().name} is not installed; ${said}. ` +
        'Install it, put a clickhouse program on the PATH, or name one in CLICKHOUSE_PROGRAM',
      { cause: error },
    );
  }
}

function toConfig(folder: string): string {
  return [
    '<clickhouse>',
    `  <users_config>${escapeXml(join(folder, 'users.xml'))}</users_config>`,
    `  <tmp_path>${escapeXml(join(folder, 'tmp'))}/</tmp_path>`,
    '  <query_log><database>system</database><table>query_log</table>',
    '    <flush_interval_milliseconds>500</flush_interval_milliseconds></query_log>',
    '</clickhouse>\n',
  ].join('\n');
}

/** `default` is who runs the two statements above: it has no password, and the right to do just that. */
function toUsers({
  adminPassword,
  exporterPassword,
  exporterReads,
  moreUsers = [],
}: ClickHouseOptions): string {
  const user = (name: string, profile: string, password: string, grants: readonly string[]) =>
    `    <${name}><password>${escapeXml(password)}</password><networks><ip>127.0.0.1</ip></networks>` +
    `<profile>${profile}</profile><quota>default</quota>` +
    (grants.length === 0 ? '' : toGrants(grants)) +
    `</${name}>`;
  return [
    '<clickhouse>',
    '  <profiles><default/><exporter><readonly>2</readonly></exporter>',
    ...moreUsers.map(toProfile),
    '  </profiles>',
    '  <quotas><default/>',
    ...moreUsers.map(toQuota),
    '  </quotas>',
    '  <users>',
    user('default', 'default', '', ['SYSTEM LISTEN ON *.*', 'SELECT ON system.numbers']),
    user(CLICKHOUSE_ADMIN, 'default', adminPassword, []),
    user(CLICKHOUSE_EXPORTER, 'exporter', exporterPassword, [`SELECT ON ${exporterReads}`]),
    ...moreUsers.map((more) => toReadingUser(more, exporterReads)),
    '  </users>',
    '</clickhouse>\n',
  ].join('\n');
}

function toGrants(grants: readonly string[]): string {
  return `<grants>${grants.map((grant) => `<query>GRANT ${grant}</query>`).join('')}</grants>`;
}

function toProfile({ name, settings, constants = [] }: ReadingUser): string {
  const values = Object.entries({ readonly: '2', ...settings })
    .map(([setting, value]) => `<${setting}>${escapeXml(value)}</${setting}>`)
    .join('');
  const constraints = constants.map((setting) => `<${setting}><const/></${setting}>`).join('');
  return `    <${name}>${values}<constraints>${constraints}</constraints></${name}>`;
}

function toQuota({ name, queriesPerHour }: ReadingUser): string {
  if (queriesPerHour === undefined) return `    <${name}/>`;
  const interval = `<duration>3600</duration><queries>${queriesPerHour}</queries>`;
  return `    <${name}><interval>${interval}</interval></${name}>`;
}

function toReadingUser({ name, password, rowFilters = {} }: ReadingUser, reads: string): string {
  const filters = Object.entries(rowFilters).map(([place, condition]) => {
    const [database = '', table = ''] = place.split('.');
    return `<${database}><${table}><filter>${escapeXml(condition)}</filter></${table}></${database}>`;
  });
  return (
    `    <${name}><password>${escapeXml(password)}</password><networks><ip>127.0.0.1</ip></networks>` +
    `<profile>${name}</profile><quota>${name}</quota><databases>${filters.join('')}</databases>` +
    `${toGrants([`SELECT ON ${reads}`])}</${name}>`
  );
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
