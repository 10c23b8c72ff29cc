import { everyVerb } from "./tree.ts";
import type { Flag, Value, Verb } from "./tree.ts";

/**
 * Completion for bash 3.2 and newer (macOS has 3.2). Names of refs are whoever pushed them's: `compgen -W` would expand
 * `$(…)` in them, so they are compared one by one and quoted.
 */
export function bashCompletion(program: Verb): string {
  const verbs = everyVerb(program);
  return `# bash completion for signpolicy; in ~/.bashrc: eval "$(signpolicy completion bash)"
__signpolicy_words() {
  local word
  while IFS= read -r word; do
    if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi
  done
}
__signpolicy_refs() {
  local word before=''
  if [[ $cur == *..* ]]; then before=\${cur%"\${cur##*..}"}; fi
  while IFS= read -r word; do
    if [[ $before$word == "$cur"* ]]; then COMPREPLY+=("$(printf %q "$before$word")"); fi
  done < <(git "\${folder[@]}" for-each-ref "--format=%(refname$1)" 2>/dev/null)
}
__signpolicy_complete() {
  case $1 in
    file) compopt -o default 2>/dev/null || __signpolicy_words < <(compgen -f -- "$cur") ;;
    folder) compopt -o dirnames 2>/dev/null || __signpolicy_words < <(compgen -d -- "$cur") ;;
    revision) __signpolicy_refs :short ;;
    ref) __signpolicy_refs ;;
    words) shift && __signpolicy_words < <(printf '%s\\n' "$@") ;;
  esac
}
_signpolicy() {
  local cur=\${COMP_WORDS[COMP_CWORD]} at='' flag='' word i first=1
  local -a folder=(--no-pager)
  COMPREPLY=()
  if [[ \${COMP_WORDS[0]##*/} == git ]]; then
    while ((first < COMP_CWORD)) && [[ \${COMP_WORDS[first]} != signpolicy ]]; do ((first++)); done
    ((first++))
  fi
  # Which command the words before the cursor lead to, and the option whose value is due there.
  for ((i = first; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == = ]]; then continue; fi
    if [[ $flag && $word != -* ]]; then
      if [[ $flag == -C ]]; then folder+=(-C "$word"); fi
      case "$at $flag" in
        ${alternatives(verbs, ({ variadic }) => variadic)}) ;;
        *) flag= ;;
      esac
      continue
    fi
    flag=
    case "$at $word" in
      ${alternatives(verbs, ({ value }) => value !== null)}) flag=$word ;;
      ${verbs.flatMap(steps).join(" | ")}) at=\${at:+$at }$word ;;
    esac
  done
  if [[ $cur == = ]]; then cur=; fi
  if [[ $flag && $cur != -* ]]; then
    case "$at $flag" in
${verbs.flatMap(values).join("\n")}
    esac
  elif [[ $cur == -* ]]; then
    case $at in
${verbs.map((verb) => `      ${quote(verb.path)}) __signpolicy_complete words ${flagNames(verb).join(" ")} ;;`).join("\n")}
    esac
  else
    case $at in
${verbs.flatMap(operands).join("\n")}
    esac
  fi
}
_git_signpolicy() { _signpolicy; }
complete -F _signpolicy signpolicy git-signpolicy
`;
}

const quote = (text: string): string => `"${text}"`;

const flagNames = ({ flags }: Verb): readonly string[] => flags.flatMap(({ names }) => names);

/** The options of each command that fit, as the alternatives of a case. */
function alternatives(verbs: readonly Verb[], fits: (flag: Flag) => boolean): string {
  const all = verbs.flatMap(({ path, flags }) =>
    flags.filter(fits).flatMap(({ names }) => names.map((name) => quote(`${path} ${name}`))),
  );
  return all.join(" | ");
}

const steps = ({ path, verbs }: Verb): readonly string[] => verbs.map(({ name }) => quote(`${path} ${name}`));

const values = ({ path, flags }: Verb): readonly string[] =>
  flags.flatMap(({ names, value }) =>
    value === null || value.kind === "anything"
      ? []
      : [
          `      ${names.map((name) => quote(`${path} ${name}`)).join(" | ")}) __signpolicy_complete ${wordsOf(value)} ;;`,
        ],
  );

function operands({ path, verbs, argument }: Verb): readonly string[] {
  const value: Value | null = verbs.length > 0 ? { kind: "words", words: verbs.map(({ name }) => name) } : argument;
  return value === null || value.kind === "anything"
    ? []
    : [`      ${quote(path)}) __signpolicy_complete ${wordsOf(value)} ;;`];
}

const wordsOf = (value: Value): string => (value.kind === "words" ? ["words", ...value.words].join(" ") : value.kind);
