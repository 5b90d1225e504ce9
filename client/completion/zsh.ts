// Generates the zsh completion, with descriptions. The script works when sourced and as a file
// `_room-streams` in $fpath.
import type { CompletedCommand, CompletedOption } from './command-tree.ts';

export function toZshCompletion(commands: readonly CompletedCommand[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => `' ${path}'`);
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value, words }) => {
      if (value === 'nothing') return [];
      const patterns = flags.map((flag) => `'${at(path)} ${flag}'`).join('|');
      const offered =
        value === 'word' ? `compadd -- ${words.join(' ')}` : value === 'file' ? '_files' : `_message value`;
      return [`    ${patterns}) ${offered}; return ;;`];
    }),
  );
  const followers = commands.map(
    ({ path, subcommands, options, words, takesFiles }) =>
      `    '${at(path)}')
      commands=(${[...subcommands.map(toEntry), ...words.map(quote)].join(' ')})
      flags=(${options.flatMap(toFlagEntries).join(' ')})${takesFiles ? '\n      files=1' : ''} ;;`,
  );
  return `#compdef room-streams
# Completion of room-streams for zsh. Load it with:  source <(room-streams completion zsh)
_room_streams() {
  local so_far='' files='' i
  local -a commands flags
  for ((i = 2; i < CURRENT; i++)); do
    case "$so_far \${words[i]}" in
    ${paths.join('|')}) so_far="$so_far \${words[i]}" ;;
    esac
  done
  case "$so_far \${words[CURRENT - 1]}" in
${values.join('\n')}
  esac
  case "$so_far" in
${followers.join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then _describe -o option flags; return; fi
  if [[ -n $files ]]; then _files; return; fi
  if (( \${#commands} )); then _describe command commands; else _describe -o option flags; fi
}
if [[ \${funcstack[1]} == _room-streams ]]; then _room_streams "$@"; else compdef _room_streams room-streams; fi
`;
}

function toEntry({ name, description }: { name: string; description: string }): string {
  return quote(`${name}:${description.replaceAll(':', '\\:')}`);
}

function toFlagEntries({ flags, description }: CompletedOption): string[] {
  return flags.map((name) => toEntry({ name, description }));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function at(path: string): string {
  return path === '' ? '' : ` ${path}`;
}
