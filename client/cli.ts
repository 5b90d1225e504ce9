// Assembles the command line `room-streams` from one file per group of commands in commands/. Commands parse,
// ask Temporal or the history, and print. Work that an activity does is left to a worker: a command never
// opens ClickHouse or an object store for it.
import { existsSync, readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/read-variables.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

type AddCommands = (program: Command, terminal: Terminal) => void;

/**
 * The groups of commands by the first word of a command line. Each is loaded only when it is used, because
 * loading their dependencies takes longer than most commands run.
 */
const GROUPS: Readonly<Record<string, () => Promise<AddCommands>>> = {
  stream: async () => (await import('./commands/stream.ts')).addStreamCommands,
  run: async () => (await import('./commands/run.ts')).addRunCommands,
  backfill: async () => (await import('./commands/backfill.ts')).addBackfillCommand,
  status: async () => (await import('./commands/status.ts')).addStatusCommand,
  audit: async () => (await import('./commands/audit.ts')).addAuditCommands,
  verify: async () => (await import('./commands/verify.ts')).addVerifyCommand,
  preflight: async () => (await import('./commands/preflight.ts')).addPreflightCommand,
  migrate: async () => (await import('./commands/migrate.ts')).addMigrateCommand,
  analyse: async () => (await import('./commands/analyse.ts')).addAnalyseCommand,
  schema: async () => (await import('./commands/schema.ts')).addSchemaCommand,
  import: async () => (await import('./commands/import.ts')).addImportCommand,
  completion: async () => (await import('./commands/completion.ts')).addCompletionCommand,
};

/** `completion` needs all other commands, because it lists them. */
const WHOLE = 'completion';

/**
 * Where a command writes: results go to `out` and everything else to `err`, so that a pipe receives results
 * only.
 */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /**
   * Replaces the last line, which has no line end yet. Absent where lines cannot be replaced, as in a pipe.
   */
  rewrite?(text: string): void;
  /**
   * Replaces everything on the screen by as many of these lines as fit. Absent where that is impossible, as
   * in a pipe.
   */
  redraw?(lines: readonly string[]): void;
}

/** Runs one command and returns its exit code. It never throws and never ends the process. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    const program = await makeProgram(args, terminal);
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
    const { describeConnectionError } = await import('../temporal/connect.ts');
    const unreachable = describeConnectionError(error);
    terminal.err(unreachable ?? (error instanceof Error ? error.message : String(error)));
    return unreachable === undefined ? EXIT.failed : EXIT.unreachable;
  }
}

/**
 * Loads the commands that the arguments name. Loads all commands when the arguments name none, because help
 * and suggestions need them.
 */
export async function makeProgram([asked]: readonly string[], terminal: Terminal): Promise<Command> {
  const program = new Command('room-streams')
    .description(
      'Exports WebRTC room history from ClickHouse as one complete file per data stream and interval.',
    )
    .version(readVersion(), '-V, --version', 'print the version')
    // Where a command and its subcommand share an option's name, each takes the options behind its own name.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for what is allowed)')
    .showSuggestionAfterError();
  const isOne = asked !== undefined && asked !== WHOLE && Object.hasOwn(GROUPS, asked);
  for (const group of isOne ? [asked] : Object.keys(GROUPS)) {
    const addCommands = await GROUPS[group]?.();
    addCommands?.(program, terminal);
  }
  settle(program, terminal);
  return program;
}

/** The version in package.json, which is in the folder above the sources and above their build. */
function readVersion(): string {
  const places = ['../package.json', '../../package.json'].map((place) => new URL(place, import.meta.url));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) return 'unknown';
  return (JSON.parse(readFileSync(found, 'utf8')) as { version: string }).version;
}

/**
 * Makes commander throw instead of exit, and write through the terminal. Subcommands do not inherit these
 * settings.
 */
function settle(command: Command, terminal: Terminal): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => terminal.out(text.trimEnd()),
    writeErr: (text) => terminal.err(text.trimEnd()),
  });
  for (const sub of command.commands) settle(sub, terminal);
}
