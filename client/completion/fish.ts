// Generates the fish completion: one line per command and option, each with the path to which it belongs.
import type { CompletedCommand, CompletedOption } from './command-tree.ts';

export function toFishCompletion(commands: readonly CompletedCommand[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => `' ${path}'`);
  const lines = commands.flatMap(({ path, subcommands, options, words, takesFiles }) => {
    const start = `complete -c room-streams -n "__room_streams_at '${path === '' ? '' : ` ${path}`}'"`;
    return [
      ...subcommands.map(({ name, description }) => `${start} -a ${name} -d ${quote(description)}`),
      ...(words.length > 0 ? [`${start} -a ${quote(words.join(' '))}`] : []),
      ...(takesFiles ? [`${start} -F`] : []),
      ...options.map((option) => `${start} ${toSwitches(option)} -d ${quote(option.description)}`),
    ];
  });
  return `# Completion of room-streams for fish. Load it with:  room-streams completion fish | source
function __room_streams_at
    set -l so_far ''
    for word in (commandline -opc)[2..]
        switch "$so_far $word"
            case ${paths.join(' ')}
                set so_far "$so_far $word"
        end
    end
    test "$so_far" = "$argv[1]"
end
complete -c room-streams -f
${lines.join('\n')}
`;
}

function toSwitches({ flags, value, words }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const values = { nothing: '', text: ' -x', file: ' -r -F', word: ` -x -a ${quote(words.join(' '))}` };
  return `${names.join(' ')}${values[value]}`;
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
