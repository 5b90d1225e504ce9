// Loaded into a worker by a benchmark (`node --import`): measures how long the event loop of its main thread
// was held up. It makes the file that EVENT_LOOP_DELAY_FILE names once it listens. The first SIGUSR2 begins
// the measurement, the second one writes the result into the file.
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 5;

if (isMainThread) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let isMeasuring = false;
  process.on('SIGUSR2', () => {
    if (isMeasuring) {
      // The histogram holds how long each turn of a timer took, the timer's own time included.
      const toMs = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
      const delays = { p99Ms: toMs(histogram.percentile(99)), maxMs: toMs(histogram.max) };
      writeFileSync(process.env.EVENT_LOOP_DELAY_FILE, JSON.stringify(delays));
    }
    histogram.reset();
    isMeasuring = !isMeasuring;
  });
  writeFileSync(process.env.EVENT_LOOP_DELAY_FILE, '');
}
