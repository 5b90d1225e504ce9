// Generates the bash completion: one function finds the longest existing command path and offers what may
// follow.
import type { CompletedCommand } from './command-tree.ts';

export function toBashCompletion(commands: readonly CompletedCommand[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => `' ${path}'`);
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value, words }) => {
      if (value === 'nothing') return [];
      const patterns = flags.map((flag) => `'${at(path)} ${flag}'`).join('|');
      const offered =
        value === 'word'
          ? `COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur"))`
          : value === 'file'
            ? files
            : ':';
      return [`    ${patterns}) ${offered}; return ;;`];
    }),
  );
  const followers = commands.map(
    ({ path, subcommands, options, words, takesFiles }) =>
      `    '${at(path)}') words='${[...subcommands.map(({ name }) => name), ...words].join(' ')}' flags='${options
        .flatMap(({ flags }) => flags)
        .join(' ')}'${takesFiles ? ` files=1` : ''} ;;`,
  );
  return `# Completion of room-streams for bash. Load it with:  source <(room-streams completion bash)
_room_streams() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} path='' words='' flags='' files='' i
  # bash takes --option=value for three words.
  if [[ $cur == = ]]; then cur=''; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
    ${paths.join('|')}) path="$path \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path $prev" in
${values.join('\n')}
  esac
  case "$path" in
${followers.join('\n')}
  esac
  if [[ $cur == -* || -z $words$files ]]; then words=$flags; elif [[ -n $files ]]; then ${files}; return; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _room_streams room-streams
`;
}

const files = `COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null`;

/** Paths are matched with a space before each word. */
function at(path: string): string {
  return path === '' ? '' : ` ${path}`;
}
