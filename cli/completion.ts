import { type Command, isTopic, type Topic } from './command.ts';

interface Place {
  /** Words that lead here, joined by spaces; empty at the root. */
  readonly path: string;
  readonly words: readonly string[];
}

/** Every place in the tree with the words that can follow it. */
function places(topic: Topic, path: readonly string[] = []): Place[] {
  const here = { path: path.join(' '), words: topic.commands.map(({ name }) => name) };
  return [
    here,
    ...topic.commands.flatMap((entry): Place[] => {
      const below = [...path, entry.name];
      return isTopic(entry) ? places(entry, below) : [{ path: below.join(' '), words: optionWords(entry) }];
    }),
  ];
}

function optionWords(command: Command): string[] {
  return [...Object.keys(command.options ?? {}).map((name) => `--${name}`), '--help'];
}

/** Options with fixed values: what can follow them. The same name has the same values wherever it is. */
function choices(topic: Topic, found = new Map<string, readonly string[]>()): Map<string, readonly string[]> {
  for (const entry of topic.commands) {
    if (isTopic(entry)) choices(entry, found);
    else
      for (const [name, option] of Object.entries(entry.options ?? {}))
        if (option.choices) found.set(`--${name}`, option.choices);
  }
  return found;
}

/**
 * A script that teaches a shell the commands, options and fixed values; file names for everything else.
 * @param root its name is the program's
 */
export function completionScript(shell: 'bash' | 'zsh', root: Topic): string {
  const cases = [
    ...[...choices(root)].map(([option, words]) => `    *' ${option}') words='${words.join(' ')}' ;;`),
    ...places(root).map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`),
  ];
  const zsh = shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : '';
  return `${zsh}# Completion of ${root.name}. Load it with: eval "$(${root.name} completion ${shell})"
_${root.name}() {
  local path='' word words=''
  local i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      -*) ;;
      *) path="\${path:+$path }$word" ;;
    esac
  done
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
    --*) path=" \${COMP_WORDS[COMP_CWORD-1]}" ;;
  esac
  case "$path" in
${cases.join('\n')}
  esac
  if [ -z "$words" ]; then COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
  else COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")); fi
}
complete -F _${root.name} ${root.name}
`;
}
