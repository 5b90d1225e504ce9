// Where a Chromium lies on this machine: the one that was named, else one of the places where systems put it,
// else Playwright's own.
import { accessSync, constants } from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES: readonly string[] = [
  ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].flatMap((name) => [
    `/usr/bin/${name}`,
    `/usr/local/bin/${name}`,
  ]),
  '/snap/bin/chromium',
  '/opt/google/chrome/chrome',
  '/opt/homebrew/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** There is none, or none at the path that was named. The message says what to do. */
export class NoChromiumError extends Error {
  override readonly name = 'NoChromiumError';
}

/**
 * The path of the program. Throws NoChromiumError. `places` are looked at in their order when none is named.
 */
export function findChromium(
  named?: string,
  places: readonly string[] = [...PLACES, chromium.executablePath()],
): string {
  if (named !== undefined) {
    if (isProgram(named)) return named;
    throw new NoChromiumError(`--chromium: got "${named}", allowed: a Chromium or Chrome that may be run`);
  }
  const found = places.find(isProgram);
  if (found !== undefined) return found;
  throw new NoChromiumError(
    `no Chromium was found; looked for ${places.join(', ')}. Install one (Debian: apt-get install chromium), ` +
      'or name it: npm run history:record -- --chromium PATH',
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not to be run: then it is none.
    return false;
  }
}
