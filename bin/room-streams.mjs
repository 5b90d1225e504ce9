#!/usr/bin/env node
// The command line. In a checkout it runs the sources, so that no earlier build answers for them; elsewhere
// (the image, a packed install) the built program.
import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

// From Node 22 on: a quarter of the start is the compiling of packages, which are kept compiled in the
// system's temporary folder.
nodeModule.enableCompileCache?.();

const source = new URL('../client/main.ts', import.meta.url);
const built = new URL('../dist/command-line/main.js', import.meta.url);

if (existsSync(source) && hasLoader()) {
  const { register } = await import('tsx/esm/api');
  register();
  await import(source.href);
} else if (existsSync(built)) {
  await import(built.href);
} else {
  console.error(
    `room-streams: not built; run npm ci and npm run build in ${fileURLToPath(new URL('..', import.meta.url))}`,
  );
  process.exitCode = 1;
}

/** The loader of TypeScript is a development package. */
function hasLoader() {
  try {
    return import.meta.resolve('tsx/esm/api') !== undefined;
  } catch {
    return false;
  }
}
