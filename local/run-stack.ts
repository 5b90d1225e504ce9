// `npm run stack`: the embedded servers alone, for work on the product: prints where they answer and stays up
// until Ctrl-C.
import { relative } from 'node:path';
import { stackFolder } from './stack-folder.ts';
import { startStack } from './stack.ts';
import { writeEnvironmentFile } from './stack-environment.ts';
import { untilStopped } from './until-stopped.ts';

async function main(): Promise<void> {
  const stopping = untilStopped();
  const startedMs = Date.now();
  const stack = await startStack({ folder: stackFolder() });
  const file = relative('.', writeEnvironmentFile(stack));
  console.log(`stack ready in ${((Date.now() - startedMs) / 1000).toFixed(1)} s
  ClickHouse       ${stack.clickhouse.url}
  Temporal         ${stack.temporal.address}
  Temporal Web UI  ${stack.temporal.uiUrl}
  object store     ${stack.store.endpoint}, bucket ${stack.store.bucket}
  logs             ${relative('.', stack.logFolder)}

A worker, and the command line, against it:
  node --env-file=${file} --import tsx worker/main.ts
  node --env-file=${file} bin/room-streams.mjs migrate

Ctrl-C ends it.`);
  await stopping;
  await stack.stop();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
