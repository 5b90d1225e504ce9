// The command line `room-streams`: one file per group of commands in commands/, put together here. Parses, asks Temporal or the
// history, prints. It never opens ClickHouse or an object store for what an activity does: it asks a worker.
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../worker/config.ts';
import { addAuditCommands } from './commands/audit.ts';
import { addBackfillCommand } from './commands/backfill.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addHistoryCommands } from './commands/history.ts';
import { addImportCommand } from './commands/import.ts';
import { addPreflightCommand } from './commands/preflight.ts';
import { addRunCommands } from './commands/run.ts';
import { addSchemaCommand } from './commands/schema.ts';
import { addStatusCommand } from './commands/status.ts';
import { addStreamCommands } from './commands/stream.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { describeConnectionError } from './connect.ts';
import { CommandError, EXIT, type ExitCode } from './exit-codes.ts';

/** Where a command writes: results to `out`, everything else to `err`, so that a pipe sees results only. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Puts the text in place of the last line, which is not ended; absent where that cannot be done, as in a pipe. */
  rewrite?(text: string): void;
  /** Puts these lines in place of everything on the screen, as many as fit; absent where that cannot be done, as in a pipe. */
  redraw?(lines: readonly string[]): void;
}

/** Runs one command and returns its exit code; never throws and never ends the process. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const program = makeProgram(terminal);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (error instanceof CommandError) {
      terminal.err(error.message);
      return error.exitCode;
    }
    if (error instanceof ConfigError) {
      terminal.err(error.message);
      return EXIT.usage;
    }
    const unreachable = describeConnectionError(error);
    terminal.err(unreachable ?? (error instanceof Error ? error.message : String(error)));
    return unreachable === undefined ? EXIT.failed : EXIT.unreachable;
  }
}

function makeProgram(terminal: Terminal): Command {
  const program = new Command('room-streams')
    .description(
      'Exports WebRTC room history from ClickHouse as one complete file per data stream and interval.',
    )
    // Where a command and its subcommand have options of the same name, each takes those behind its own name.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for what is allowed)')
    .showSuggestionAfterError();
  addStreamCommands(program, terminal);
  addRunCommands(program, terminal);
  addBackfillCommand(program, terminal);
  addStatusCommand(program, terminal);
  addAuditCommands(program, terminal);
  addVerifyCommand(program, terminal);
  addPreflightCommand(program, terminal);
  addHistoryCommands(program, terminal);
  addSchemaCommand(program, terminal);
  addImportCommand(program, terminal);
  addCompletionCommand(program, terminal);
  settle(program, terminal);
  return program;
}

/** Errors are thrown, not exited with, and everything is written through the terminal; commands do not inherit this by themselves. */
function settle(command: Command, terminal: Terminal): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => terminal.out(text.trimEnd()),
    writeErr: (text) => terminal.err(text.trimEnd()),
  });
  for (const sub of command.commands) settle(sub, terminal);
}
