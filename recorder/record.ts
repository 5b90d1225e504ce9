// Records the demo's call: three participants in headless Chromium, raw getStats once a second, kept as
// gzipped lines.
// `npm run history:record` makes demo-call.jsonl.gz anew, with `--loss 0.05` the lossy call. Needs a
// Chromium; the recordings themselves lie in the repository, so nobody else does.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { openCallBrowser } from './browser.ts';
import type { CallBrowser } from './browser.ts';
import { RecordedCall } from './call.ts';
import { findChromium, NoChromiumError } from './find-chromium.ts';
import { openLossyRelay, seededRandom } from './lossy-relay.ts';
import type { LossyRelay } from './lossy-relay.ts';
import type { RecordedLine } from './record-format.ts';

const TICK_MS = 1000;
/**
 * After the dropping stops: receivers report about once a second, so the last loss is known to both ends by
 * then.
 */
const LOSSLESS_TAIL_MS = 4000;

/**
 * The demo: cleo leaves after a third of the call and comes back under the same peer id, ben has no camera,
 * ada has an array key.
 */
export async function recordDemoCall(browser: CallBrowser, seconds: number): Promise<RecordedLine[]> {
  const lines: RecordedLine[] = [callLine('weekly-planning', 'demo-call-1')];
  const call = new RecordedCall({ browser, write: (line) => lines.push(line) });
  const cleo = { peer: 'cleo', video: true, keys: { team: 'design' } };
  await call.join({ peer: 'ada', video: true, keys: { team: 'platform', roles: ['host', 'presenter'] } });
  await call.join({ peer: 'ben', video: false, keys: { team: 'platform' } });
  await call.join(cleo);
  await readFor(call, seconds / 3);
  await call.leave('cleo', 'connection lost');
  await readFor(call, seconds / 6);
  await call.join(cleo);
  await readFor(call, seconds / 2);
  for (const peer of ['cleo', 'ben', 'ada']) await call.leave(peer, 'left');
  return lines;
}

/** Two participants with a relay between them that drops `lossShare` of the media packets, both ways. */
export async function recordLossyCall(
  browser: CallBrowser,
  options: LossyCallOptions,
): Promise<RecordedLine[]> {
  const lines: RecordedLine[] = [callLine('lossy-line', 'lossy-call-1')];
  const random = seededRandom(options.seed);
  const relays: LossyRelay[] = [];
  const call = new RecordedCall({
    browser,
    write: (line) => lines.push(line),
    relayBetween: async (first, second) => {
      const relay = await openLossyRelay({ ends: [first, second], lossShare: options.lossShare, random });
      relays.push(relay);
      return relay;
    },
  });
  try {
    await call.join({ peer: 'ada', video: true, keys: {} });
    await call.join({ peer: 'ben', video: true, keys: {} });
    await readFor(call, options.seconds);
    for (const relay of relays) relay.stopDropping();
    await readFor(call, LOSSLESS_TAIL_MS / TICK_MS);
    for (const peer of ['ben', 'ada']) await call.leave(peer, 'left');
    for (const relay of relays) lines.push(...relay.counts());
    return lines;
  } finally {
    for (const relay of relays) relay.close();
  }
}

export interface LossyCallOptions {
  seconds: number;
  lossShare: number;
  seed: number;
}

function callLine(roomId: string, sessionId: string): RecordedLine {
  return {
    type: 'call',
    format: 'room-streams/getstats',
    room_id: roomId,
    session_id: sessionId,
    room_url: null,
  };
}

async function readFor(call: RecordedCall, seconds: number): Promise<void> {
  for (let tick = 0; tick < seconds; tick += 1) {
    const next = Date.now() + TICK_MS;
    await call.read();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - Date.now())));
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      chromium: { type: 'string' },
      seconds: { type: 'string', default: '30' },
      loss: { type: 'string' },
      seed: { type: 'string', default: '7' },
      out: { type: 'string' },
    },
  });
  const seconds = parseNumber('--seconds', values.seconds, { from: 6, to: 3600 });
  const loss = values.loss === undefined ? null : parseNumber('--loss', values.loss, { from: 0, to: 0.9 });
  const seed = parseNumber('--seed', values.seed, { from: 0, to: 4_294_967_295 });
  const browser = await openCallBrowser(findChromium(values.chromium));
  try {
    const lines =
      loss === null
        ? await recordDemoCall(browser, seconds)
        : await recordLossyCall(browser, { seconds, lossShare: loss, seed });
    const name = loss === null ? 'demo-call' : 'lossy-call';
    const out = values.out ?? fileURLToPath(new URL(`./${name}.jsonl.gz`, import.meta.url));
    const packed = gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { level: 9 });
    await writeFile(out, packed);
    console.log(`${out}: ${lines.length} lines, ${packed.length} bytes`);
  } finally {
    await browser.close();
  }
}

/** Both bounds are allowed. Throws RangeError. */
function parseNumber(option: string, text: string, { from, to }: { from: number; to: number }): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= from && value <= to) return value;
  throw new RangeError(`${option}: got "${text}", allowed: a number from ${from} to ${to}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof NoChromiumError || error instanceof RangeError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
