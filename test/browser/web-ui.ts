// Temporal's Web UI in a real headless Chromium, as an operator sees it: pages opened, read and clicked, and
// a picture of each kept where a person can look at it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Frame, Page } from 'playwright-core';
import { findChromium, NoChromiumError } from '../../recorder/find-chromium.ts';
import { until } from '../../local/until.ts';

/** Pictures of the last run of the tests; git ignores them. */
const PICTURES = fileURLToPath(new URL('../../.local/screenshots/', import.meta.url));

/** As much as a laptop's screen shows at once, and a bit more below. */
const VIEW = { width: 1440, height: 1200 };

/** The Web UI asks the server every few seconds; a machine under load takes its time. */
const PAGE_TIMEOUT_MS = 30_000;

export interface WebUiBrowser {
  /** Opens a page of the namespace, as `schedules`. */
  open(path: string): Promise<Page>;
  /** Keeps a picture under this name. */
  picture(page: Page, name: string): Promise<void>;
}

/** `skip` says why the tests cannot be run here. */
export function findBrowser(): { path: string; skip: false } | { path: null; skip: string } {
  try {
    return { path: findChromium(), skip: false };
  } catch (error) {
    if (!(error instanceof NoChromiumError)) throw error;
    return { path: null, skip: error.message };
  }
}

export async function withWebUi<Result>(
  { executablePath, uiUrl }: { executablePath: string; uiUrl: string },
  use: (browser: WebUiBrowser) => Promise<Result>,
): Promise<Result> {
  mkdirSync(PICTURES, { recursive: true });
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  try {
    const context = await browser.newContext({ viewport: VIEW, timezoneId: 'UTC', colorScheme: 'light' });
    context.setDefaultTimeout(PAGE_TIMEOUT_MS);
    return await use({
      open: async (path) => {
        const page = await context.newPage();
        await page.goto(`${uiUrl}/namespaces/default/${path}`);
        return page;
      },
      picture: async (page, name) => {
        await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
      },
    });
  } catch (error) {
    // What the page looked like when the test waited in vain.
    for (const [index, page] of browser
      .contexts()
      .flatMap((each) => each.pages())
      .entries())
      await page.screenshot({ path: join(PICTURES, `error-${index}.png`) });
    throw error;
  } finally {
    await browser.close();
  }
}

export function runPathOf({ workflowId, runId }: { workflowId: string; runId: string }): string {
  return `workflows/${encodeURIComponent(workflowId)}/${runId}`;
}

/**
 * All that can be read on a page, its frames included (markdown stands in one of its own), once it matches.
 */
export function shownText(page: Page, wanted: RegExp): Promise<string> {
  return until(`the page shows ${String(wanted)}`, async () => {
    const texts = await Promise.all(page.frames().map(textOf));
    // Spaces that keep cells apart are followed by a joiner of no width.
    const text = texts.join('\n').replaceAll('\u2060', '');
    return wanted.test(text) ? text : undefined;
  });
}

/** Empty for a frame that the page put another one in place of meanwhile. */
async function textOf(frame: Frame): Promise<string> {
  try {
    return await frame.locator('body').innerText();
  } catch (error) {
    if (frame.isDetached()) return '';
    throw error;
  }
}
