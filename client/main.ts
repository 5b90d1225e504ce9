// The process of the command line: hands the arguments over, prints what failed as one clear sentence, sets the exit code.
import { runCli } from './cli.ts';

/** To terminals (ECMA-48, EL). */
const ERASE_LINE = '\u001b[2K';

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  ...(process.stderr.isTTY
    ? { rewrite: (text: string) => process.stderr.write(`\r${ERASE_LINE}${text}`) }
    : {}),
});
