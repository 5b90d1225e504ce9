// Describes the command line for shell completion: every command by its path, with what may follow it. It is
// read from commander's own tree, so completions always match the existing commands.
import type { Command, Option } from 'commander';

export interface CompletedCommand {
  /** For example `stream create`; empty for the program itself. */
  path: string;
  subcommands: { name: string; description: string }[];
  options: CompletedOption[];
  /** The words that an argument accepts. */
  words: string[];
  /** Whether an argument may be a file. */
  takesFiles: boolean;
}

export interface CompletedOption {
  /** The names with their dashes: `--json`, `-h`. */
  flags: string[];
  description: string;
  /** `nothing` means that the option takes no value. */
  value: 'nothing' | 'text' | 'file' | 'word';
  /** The allowed values, if the option accepts only certain words. */
  words: string[];
}

/** Lists the program first, then its commands, each before its subcommands. */
export function toCompletedCommands(program: Command): CompletedCommand[] {
  const commands: CompletedCommand[] = [];
  const add = (command: Command, path: string): void => {
    const subcommands = command.commands.map((each) => ({
      name: each.name(),
      description: each.description(),
    }));
    const { registeredArguments: given } = command;
    commands.push({
      path,
      subcommands,
      options: [...command.options.map(toCompletedOption), HELP],
      words: given.flatMap(({ argChoices }) => argChoices ?? []),
      takesFiles: given.some((argument) => isFile(argument.name())),
    });
    for (const each of command.commands) add(each, `${path} ${each.name()}`.trim());
  };
  add(program, '');
  return commands;
}

/** Commander adds the help option only when it parses. */
const HELP: CompletedOption = {
  flags: ['-h', '--help'],
  description: 'display help',
  value: 'nothing',
  words: [],
};

function toCompletedOption(option: Option): CompletedOption {
  const { short, long, description, required, optional, flags } = option;
  const words = wordsOf(option);
  const takesValue = required || optional;
  const valueKind = words.length > 0 ? 'word' : isFile(flags) ? 'file' : 'text';
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    value: takesValue ? valueKind : 'nothing',
    words,
  };
}

/** The choices come from commander, or from the parser in parse-arguments.ts. */
function wordsOf({ argChoices, parseArg }: Option): string[] {
  if (argChoices !== undefined) return argChoices;
  const words: unknown = parseArg !== undefined && 'words' in parseArg ? parseArg.words : undefined;
  return Array.isArray(words) ? words.map(String) : [];
}

function isFile(name: string): boolean {
  return /files?\b|dir\b|folder|path/i.test(name);
}
