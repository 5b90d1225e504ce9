#!/usr/bin/env node
// The command line. Runs the built program where there is one (the image, a packed install), and the sources in a checkout.
import { existsSync } from 'node:fs';

const built = new URL('../dist/client/main.js', import.meta.url);
if (existsSync(built)) {
  await import(built.href);
} else {
  const { register } = await import('tsx/esm/api');
  register();
  await import(new URL('../client/main.ts', import.meta.url).href);
}
