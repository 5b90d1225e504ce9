// The floor of reading, as a program of its own: scans the three views as columns, over two halves of the
// interval at once, and drops what arrives. No exporter that reads these columns through ClickHouse can be
// faster.
import { createClient } from '@clickhouse/client';
import type { ClickHouseClient } from '@clickhouse/client';
import { serve } from './child-process.ts';
import { readStatement } from '../../clickhouse/read-statement.ts';
import { scanTaskSchema } from './tasks.ts';
import type { ScanTask } from './tasks.ts';

const SCANS = ['scan-rooms.sql', 'scan-peers.sql', 'scan-track-totals.sql'].map((file) =>
  readStatement(new URL(file, import.meta.url)),
);

serve(scanTaskSchema, async (task) => {
  const { url, database, user, password } = task.clickHouse;
  const client = createClient({ url, database, username: user, password });
  try {
    const sizes = await Promise.all(
      halvesOf(task.interval).flatMap((half) =>
        SCANS.map((scan) => drop(client, scan, { ...task, interval: half })),
      ),
    );
    return { bytes: sizes.reduce((sum, size) => sum + size, 0) };
  } finally {
    await client.close();
  }
});

function halvesOf({ startMs, endMs }: ScanTask['interval']): ScanTask['interval'][] {
  const middleMs = Math.floor((startMs + endMs) / 2);
  return [
    { startMs, endMs: middleMs },
    { startMs: middleMs, endMs },
  ];
}

async function drop(
  client: ClickHouseClient,
  query: string,
  { projectId, interval }: Pick<ScanTask, 'projectId' | 'interval'>,
): Promise<number> {
  const { stream } = await client.exec({
    query,
    query_params: { project_id: projectId, from_ms: interval.startMs, to_ms: interval.endMs },
    clickhouse_settings: {
      // Two ranges are read at once already.
      max_threads: 1,
      output_format_arrow_compression_method: 'none',
      output_format_arrow_low_cardinality_as_dictionary: 1,
    },
  });
  let bytes = 0;
  let lastBytes: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    lastBytes = chunk;
  }
  assertWhole(lastBytes);
  return bytes;
}

/**
 * An Arrow stream ends with a mark and the length 0; what ClickHouse says of an error in mid-stream does not.
 */
function assertWhole(lastBytes: Buffer): void {
  const end = lastBytes.subarray(-END_OF_STREAM.length);
  if (!END_OF_STREAM.subarray(-end.length).equals(end)) throw new Error('a scan ended before its end');
}

const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
