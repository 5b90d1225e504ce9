// The process of the command line: passes on the arguments, prints a failure as one clear sentence, and sets
// the exit code.
import { runCli } from './cli.ts';
import { EXIT } from './exit-codes.ts';

/** The escape sequence that clears the line on terminals (ECMA-48, EL). */
const ERASE_LINE = '\u001b[2K';
/** CUP and ED: moves to the upper left corner and clears the screen below. */
const TO_TOP = '\u001b[H';
const ERASE_BELOW = '\u001b[J';

process.stdout.on('error', endUnheard);
process.stderr.on('error', endUnheard);

const code = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  ...(process.stdout.isTTY ? { redraw } : {}),
  ...(process.stderr.isTTY
    ? { rewrite: (text: string) => process.stderr.write(`\r${ERASE_LINE}${text}`) }
    : {}),
});

process.exitCode = code;
// The process exits explicitly because a query may still be open: Temporal holds one for 20 s, and its error
// would change the exit code.
if (code === EXIT.interrupted) process.stderr.write('', () => process.exit(code));

/** The reader of the output is gone, so the command ends. Work that it was following continues. */
function endUnheard(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(EXIT.unread);
  console.error(`the output cannot be written: ${error.message}`);
  process.exit(EXIT.failed);
}

/** Lines that do not fit are counted, not scrolled. */
function redraw(lines: readonly string[]): void {
  const { rows, columns } = process.stdout;
  const isAll = lines.length < rows;
  const shown = isAll ? lines : lines.slice(0, rows - 2);
  const told = isAll ? shown : [...shown, `… and ${lines.length - shown.length} more`];
  const text = told.map((line) => `${ERASE_LINE}${line.slice(0, columns)}\n`).join('');
  process.stdout.write(`${TO_TOP}${text}${ERASE_BELOW}`);
}
