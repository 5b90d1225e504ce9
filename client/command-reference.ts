// The reference of all commands in docs/cli.md, read from commander's own tree: what is listed is what the
// parser takes. Used by `npm run docs:cli` and by the test that compares the document.
import type { Argument, Command, Option } from 'commander';
import { EXIT, FOUND } from './exit-codes.ts';

/** What each code means for a script. */
const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'The command did what was asked.',
  failed: 'Something was tried and failed. The text says what, and why.',
  usage: 'The command line or the configuration is wrong. Nothing was tried.',
  notFound: 'What was asked for does not exist: a stream, a destination or a run.',
  unreachable: 'Temporal, ClickHouse or a worker did not answer in time.',
  interrupted: 'Ctrl-C ended the command while it followed a workflow. The workflow goes on.',
  unread: 'The reader of the output went away, as `head -1` does in a pipe. A followed workflow goes on.',
};

const FOUND_MEANING =
  '`audit` and `verify` found problems that are not repaired. The code is 32 plus one bit for each kind of problem.';

/** Markdown: a list of the commands, the exit codes, then a section for each command that can be called. */
export function toCommandReference(program: Command): string {
  const called = commandsOf(program).filter(({ command }) => isCalled(command));
  return [
    called.map(({ path }) => `- [\`${path}\`](#${anchorOf(path)})`).join('\n'),
    exitCodeTable(),
    ...called.map(({ path, command }) => sectionOf(path, command)),
  ].join('\n\n');
}

interface NamedCommand {
  /** As it is typed: `room-streams stream create`. */
  path: string;
  command: Command;
}

function commandsOf(command: Command, parent = ''): NamedCommand[] {
  const path = `${parent} ${command.name()}`.trim();
  return [{ path, command }, ...command.commands.flatMap((each) => commandsOf(each, path))];
}

/** A command that only groups others prints its help. */
function isCalled({ commands, registeredArguments }: Command): boolean {
  return commands.length === 0 || registeredArguments.length > 0;
}

/** As GitHub makes it of a heading. */
function anchorOf(path: string): string {
  return path.replaceAll(' ', '-');
}

function exitCodeTable(): string {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
  const rows = [
    ...names.map((name) => ({ code: EXIT[name], shown: String(EXIT[name]), meaning: EXIT_MEANINGS[name] })),
    { code: FOUND, shown: `${FOUND + 1} to ${FOUND + 31}`, meaning: FOUND_MEANING },
  ].sort((one, other) => one.code - other.code);
  const lines = rows.map(({ shown, meaning }) => `| ${shown} | ${meaning} |`);
  return ['## Exit codes', '', '| code | meaning |', '|---|---|', ...lines].join('\n');
}

function sectionOf(path: string, command: Command): string {
  const { registeredArguments: given, options } = command;
  return [
    `## ${path}`,
    sentenceOf(command.description()),
    `\`\`\`text\n${path} ${command.usage().replace(' [command]', '')}\n\`\`\``,
    ...(given.length > 0 ? [tableOf(['argument', 'meaning'], given.map(toArgumentRow))] : []),
    ...(options.length > 0 ? [tableOf(['option', 'default', 'meaning'], options.map(toOptionRow))] : []),
    ...notesOf(command),
  ].join('\n\n');
}

function toArgumentRow(argument: Argument): string[] {
  return [`\`${argument.name()}\`${argument.required ? '' : ' (optional)'}`, argument.description];
}

function toOptionRow(option: Option): string[] {
  return [`\`${option.flags}\``, defaultOf(option), option.description];
}

function defaultOf({ mandatory, defaultValue, defaultValueDescription, negate }: Option): string {
  if (mandatory && defaultValue === undefined) return 'required';
  if (negate || defaultValue === undefined) return '';
  const shown = defaultValueDescription ?? String(defaultValue);
  return shown === '' ? 'empty' : `\`${shown}\``;
}

function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map(toCell).join(' | ')} |`).join('\n');
}

function toCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** What `--help` prints below the options: notes with the exit codes of this command, and examples. */
function notesOf(command: Command): string[] {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  const below = help.slice(command.helpInformation().length);
  const [notes = '', examples] = below.split(/^Examples?:\n/m);
  return [
    ...(notes.trim() === '' ? [] : [`\`\`\`text\n${notes.trim()}\n\`\`\``]),
    ...(examples === undefined ? [] : [`\`\`\`sh\n${examples.trimEnd().replaceAll(/^ {2}/gm, '')}\n\`\`\``]),
  ];
}

function sentenceOf(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
