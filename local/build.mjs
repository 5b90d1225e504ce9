// `npm run build [-- --out DIR]`: the product as plain JavaScript in dist/, for the image and for installs
// without development packages. Compiles, adds what the code reads beside itself (SQL, the recorded call),
// makes the workflow bundle where the worker looks for it, and the command line in a few files with its
// packages in them. Built aside and moved into place at the end: an earlier build is replaced by all of the
// new one or by nothing.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
// Not esbuild itself: its programs are optional packages, which the image's build leaves out.
import { build } from 'esbuild-wasm';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The folders of tsconfig.build.json. */
const FOLDERS = [
  'workflows',
  'measurements',
  'document',
  'secrets',
  'store',
  'clickhouse',
  'streams',
  'activities',
  'config',
  'temporal',
  'worker',
  'client',
  'history',
  'importers',
  'recorder',
];

/** Sources, notes, and what only recording and testing need; every other file is read at run time. */
const LEFT_OUT = /\.(ts|md|html)$|lossy-call/;

const { values } = parseArgs({ options: { out: { type: 'string', default: join(ROOT, 'dist') } } });
const out = resolve(values.out);
if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(join(out, 'worker', 'main.js')))
  fail(`--out: got "${out}", allowed: a new or empty folder, or one with an earlier build`);

mkdirSync(join(ROOT, '.local'), { recursive: true });
const aside = mkdtempSync(join(ROOT, '.local', 'build-'));
try {
  compile(aside);
  for (const folder of FOLDERS) copyAssets(folder, aside);
  await makeWorkflowBundle(aside);
  await bundleCommandLine(aside);
  rmSync(out, { recursive: true, force: true });
  cpSync(aside, out, { recursive: true });
} finally {
  rmSync(aside, { recursive: true, force: true });
}
console.log(`built in ${out}`);

function compile(to) {
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', to];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error('the compiler found errors; they are above');
}

function copyAssets(folder, to) {
  for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || LEFT_OUT.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name).slice(ROOT.length);
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(ROOT, path), join(to, path));
  }
}

/** As worker/run-worker.ts makes it at its start, where it finds none. */
async function makeWorkflowBundle(to) {
  const logger = new DefaultLogger('WARN');
  const { code } = await bundleWorkflowCode({ workflowsPath: join(to, 'workflows', 'index.js'), logger });
  writeFileSync(join(to, 'workflow-bundle.js'), code);
}

/** A person waits for each command, and reading four hundred files takes a third of its start. */
async function bundleCommandLine(to) {
  await build({
    entryPoints: [join(to, 'client', 'main.js')],
    outdir: join(to, 'command-line'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    // Packages in CommonJS ask for Node's own modules by `require`, which modules do not have.
    banner: {
      js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
    plugins: [placesKept(to)],
  });
}

/** Modules that read what lies beside them find it from the bundle, too. */
function placesKept(to) {
  const setup = (bundle) =>
    bundle.onLoad({ filter: /\.js$/ }, ({ path }) => {
      const place = relative(to, path);
      if (place.startsWith('..')) return undefined;
      const here = `new URL(${JSON.stringify(`../${place}`)}, import.meta.url).href`;
      return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', here) };
    });
  return { name: 'places kept', setup };
}

function fail(sentence) {
  console.error(sentence);
  process.exit(2);
}
