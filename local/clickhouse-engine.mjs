// The ClickHouse engine as a server process: loads the engine library from its npm package and runs its
// command line `clickhouse local` with the arguments given. The call blocks for as long as the server runs;
// whoever started this process ends it.
import { createRequire } from 'node:module';
import { DataType, load, open } from 'ffi-rs';

const [library, ...args] = process.argv.slice(2);
open({ library: 'engine', path: library ?? createRequire(import.meta.url).resolve('@chdb/lib') });
const argv = ['clickhouse', ...args];
load({
  library: 'engine',
  funcName: 'query_stable_v2',
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
});
