import { everyVerb } from "./tree.ts";
import type { Flag, Value, Verb } from "./tree.ts";

/** Completion for fish. */
export function fishCompletion(program: Verb): string {
  const verbs = everyVerb(program);
  const valued = verbs.flatMap(({ path, flags }) =>
    flags.filter(({ value }) => value !== null).flatMap(({ names }) => names.map((name) => quote(`${path} ${name}`))),
  );
  return `# fish completion for signpolicy: signpolicy completion fish >~/.config/fish/completions/signpolicy.fish
function __signpolicy_at --argument-names path
    set -l at ''
    set -l flag ''
    for token in (commandline -opc)[2..-1]
        if test -n "$flag"
            set flag ''
            continue
        end
        switch "$at $token"
            case ${valued.join(" ")}
                set flag $token
            case ${verbs.flatMap(({ path, verbs: below }) => below.map(({ name }) => quote(`${path} ${name}`))).join(" ")}
                set at (string trim -- "$at $token")
        end
    end
    test "$at" = "$path"
end
function __signpolicy_refs
    git for-each-ref --format="%(refname$argv[1])" 2>/dev/null
end
complete -c signpolicy -e
complete -c signpolicy -f
${verbs.flatMap(lines).join("\n")}
complete -c git-signpolicy -w signpolicy
`;
}

function lines({ path, verbs, flags, argument }: Verb): readonly string[] {
  const here = `complete -c signpolicy -n ${quote(`__signpolicy_at ${quote(path)}`)}`;
  return [
    ...verbs.map(({ name, description }) => `${here} -a ${name} -d ${quote(description)}`),
    ...flags.map((flag) => `${here} ${flagWords(flag)} -d ${quote(flag.description)}`),
    ...(argument === null || argument.kind === "anything" ? [] : [`${here} ${candidates(argument)}`]),
  ];
}

function flagWords({ names, value }: Flag): string {
  const words = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  if (value === null) return words.join(" ");
  const needs = value.kind === "anything" ? "-x" : `-r ${candidates(value)}`;
  return [...words, needs].join(" ");
}

function candidates(value: Value): string {
  switch (value.kind) {
    case "file":
      return "-F";
    case "folder":
      return "-f -a '(__fish_complete_directories)'";
    case "revision":
      return "-f -a '(__signpolicy_refs :short)'";
    case "ref":
      return "-f -a '(__signpolicy_refs)'";
    case "words":
      return `-f -a ${quote(value.words.join(" "))}`;
    case "anything":
      return "-f";
  }
}

const quote = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
