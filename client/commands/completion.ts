// `room-streams completion <shell>`: prints the script with which a shell completes commands, options and
// values. It asks no server.
import { Argument } from 'commander';
import type { Command } from 'commander';
import type { Terminal } from '../cli.ts';
import { toBashCompletion } from '../completion/bash.ts';
import { toCompletedCommands } from '../completion/command-tree.ts';
import type { CompletedCommand } from '../completion/command-tree.ts';
import { toFishCompletion } from '../completion/fish.ts';
import { toZshCompletion } from '../completion/zsh.ts';
import { parseWord } from '../parse-arguments.ts';
import { printJson } from '../print.ts';

const SHELLS: Readonly<Record<'bash' | 'zsh' | 'fish', (commands: readonly CompletedCommand[]) => string>> = {
  bash: toBashCompletion,
  zsh: toZshCompletion,
  fish: toFishCompletion,
};
type Shell = keyof typeof SHELLS;

export function addCompletionCommand(program: Command, terminal: Terminal): void {
  const shells = Object.keys(SHELLS) as Shell[];
  const shell = new Argument('<shell>', shells.join(', ')).choices(shells).argParser(parseWord(shells));
  program
    .command('completion')
    .addArgument(shell)
    .description('prints what a shell loads to complete commands, options and their values')
    .option('--json', 'print the commands that are completed as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  source <(room-streams completion bash)\n  room-streams completion zsh > "${fpath[1]}/_room-streams"\n  room-streams completion fish > ~/.config/fish/completions/room-streams.fish',
    )
    .action((name: Shell, options: { json?: boolean }) => {
      const commands = toCompletedCommands(program);
      if (options.json === true) printJson(terminal, commands);
      else terminal.out(SHELLS[name](commands).trimEnd());
    });
}
