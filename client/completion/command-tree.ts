// The command line as a shell completes it: every command by its path, with what may follow. Read from
// commander's own tree, so that what is completed is what exists.
import type { Command, Option } from 'commander';

export interface CompletedCommand {
  /** `stream create`; empty for the program itself. */
  path: string;
  subcommands: { name: string; description: string }[];
  options: CompletedOption[];
  /** Words that an argument may be. */
  words: string[];
  /** An argument may be a file. */
  takesFiles: boolean;
}

export interface CompletedOption {
  /** With their dashes: `--json`, `-h`. */
  flags: string[];
  description: string;
  /** `nothing`: the option stands alone. */
  value: 'nothing' | 'text' | 'file' | 'word';
  /** Of an option whose value is one of a few. */
  words: string[];
}

/** The program first, then its commands, each before its own. */
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

/** Commander adds it when it parses. */
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

/** Commander's own choices, or those of the parser (parse-arguments.ts). */
function wordsOf({ argChoices, parseArg }: Option): string[] {
  if (argChoices !== undefined) return argChoices;
  const words: unknown = parseArg !== undefined && 'words' in parseArg ? parseArg.words : undefined;
  return Array.isArray(words) ? words.map(String) : [];
}

function isFile(name: string): boolean {
  return /files?\b|dir\b|folder|path/i.test(name);
}
