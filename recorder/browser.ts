// Headless Chromium with fake devices and a page of ours on the loopback interface: what the recorder and the
// page tests need of a browser, and nothing of the call itself. Host candidates carry loopback addresses, so
// no network is needed.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';

const CHROMIUM_FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Host candidates as addresses, not as names that a resolver would have to know.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--allow-loopback-in-peer-connection',
  // A page in the background must keep sending at its full rate.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--autoplay-policy=no-user-gesture-required',
];

export interface CallBrowser {
  openPage: () => Promise<Page>;
  close: () => Promise<void>;
}

/** Starts the page server and the browser; `close` ends both. `executablePath` names the Chromium to run. */
export async function openCallBrowser(executablePath: string): Promise<CallBrowser> {
  const html = await readFile(new URL('./call-page.html', import.meta.url));
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const closeServer = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  const browser = await chromium
    .launch({ executablePath, headless: true, args: CHROMIUM_FLAGS })
    .catch(async (error: unknown) => {
      await closeServer();
      throw error;
    });
  return {
    openPage: async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${port}/`);
      return page;
    },
    close: async () => {
      await browser.close();
      await closeServer();
    },
  };
}
