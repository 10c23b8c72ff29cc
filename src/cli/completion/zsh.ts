import { everyVerb } from "./tree.ts";
import type { Flag, Value, Verb } from "./tree.ts";

/** Completion for zsh, to be evaluated or put into a folder of `fpath` as `_signpolicy`. */
export function zshCompletion(program: Verb): string {
  return `#compdef signpolicy git-signpolicy
# zsh completion for signpolicy; in ~/.zshrc, after compinit: eval "$(signpolicy completion zsh)"
__signpolicy_refs() {
  local format=$1
  local -a refs
  shift
  compset -P '*..'
  refs=(\${(f)"$(git -C "\${opt_args[-C]:-.}" for-each-ref "--format=%(refname$format)" 2>/dev/null)"})
  compadd "$@" -a refs
}
${everyVerb(program).map(verbFunction).join("\n")}
_git-signpolicy() { _signpolicy "$@" }
if [ "$funcstack[1]" = _signpolicy ]; then _signpolicy "$@"; else compdef _signpolicy signpolicy git-signpolicy; fi
`;
}

const functionOf = (path: string): string =>
  ["_signpolicy", ...path.split(" ").filter((word) => word !== "")].join("_");

function verbFunction({ path, flags, verbs, argument }: Verb): string {
  const specs = flags.map(flagSpec);
  if (verbs.length === 0) {
    const operand = argument === null ? [] : [quote(`*:${label(argument)}:${action(argument)}`)];
    return `${functionOf(path)}() {
  _arguments -s -S : ${[...specs, ...operand].join(" \\\n    ")}
}`;
  }
  return `${functionOf(path)}() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C -s -S : ${[...specs, "'1: :->verb'", "'*:: :->rest'"].join(" \\\n    ")} && return
  case $state in
    verb)
      local -a verbs=(
${verbs.map(({ name, description }) => `        ${quote(`${name}:${description}`)}`).join("\n")}
      )
      _describe -t commands command verbs ;;
    rest)
      case $words[1] in
${verbs.map(({ name, path: next }) => `        ${name}) ${functionOf(next)} ;;`).join("\n")}
      esac ;;
  esac
}`;
}

/** `'(-q --quiet)'{-q,--quiet}'[words]:label:action'`. */
function flagSpec({ names, description, value, variadic }: Flag): string {
  const what = value === null ? "" : `:${label(value)}:${action(value)}`;
  const rest = `[${description.replace(/[[\]\\]/g, "\\$&")}]${what}`;
  const [only = ""] = names;
  const several = variadic ? "*" : "";
  if (names.length === 1) return quote(several + only + rest);
  return `${quote(`(${names.join(" ")})`)}{${names.join(",")}}${quote(rest)}`;
}

const label = (value: Value): string => (value.kind === "words" || value.kind === "anything" ? " " : value.kind);

function action(value: Value): string {
  switch (value.kind) {
    case "file":
      return "_files";
    case "folder":
      return "_files -/";
    case "revision":
      return "{ __signpolicy_refs :short }";
    case "ref":
      return "{ __signpolicy_refs '' }";
    case "words":
      return `(${value.words.join(" ")})`;
    case "anything":
      return " ";
  }
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
