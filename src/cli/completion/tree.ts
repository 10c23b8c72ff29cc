import type { Argument, Command, Option } from "commander";
import { EXPORT_FORMS } from "../../check/keys-export.ts";
import { FORMATS } from "../../report/formats.ts";

/** What may stand where a value is expected: names of this repository, of the file system, words that we know, anything. */
export type Value =
  | { readonly kind: "file" | "folder" | "revision" | "ref" | "anything" }
  | { readonly kind: "words"; readonly words: readonly string[] };

export interface Flag {
  /** `-q`, `--quiet`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Null where it takes none. */
  readonly value: Value | null;
  readonly variadic: boolean;
}

/** A command as shells complete it. */
export interface Verb {
  /** The words that lead here, `keys add`; empty for the program itself. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  readonly verbs: readonly Verb[];
  /** What may follow, `null` where nothing may. All of a command's arguments are of one kind. */
  readonly argument: Value | null;
}

/** By what an option or argument calls its value. */
const VALUES: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...["file", "key", "source"].map((name) => [name, { kind: "file" }] as const),
  ...["folder", "dir"].map((name) => [name, { kind: "folder" }] as const),
  ...["targets", "object", "range", "base", "before", "after", "revision"].map(
    (name) => [name, { kind: "revision" }] as const,
  ),
  ["ref", { kind: "ref" }],
  ["format", { kind: "words", words: FORMATS }],
  ["form", { kind: "words", words: EXPORT_FORMS }],
]);

/** The commands, options and arguments of a program: what every completion script is made from, so that none can lag behind. */
export function completionTree(program: Command): Verb {
  return verbOf(program, [], []);
}

function verbOf(command: Command, path: readonly string[], inherited: readonly Option[]): Verb {
  const help = command.createHelp();
  const own = help.visibleOptions(command);
  const subcommands = help.visibleCommands(command);
  const passedOn = [...inherited, ...own].filter(({ long }) => long !== "--help");
  return {
    path: path.join(" "),
    name: command.name(),
    description: help.subcommandDescription(command),
    flags: [...own, ...inherited].map(flagOf),
    verbs: subcommands.map((one) => verbOf(one, [...path, one.name()], passedOn)),
    argument:
      command.name() === "help" && command.parent !== null
        ? { kind: "words", words: command.parent.commands.map((one) => one.name()) }
        : argumentOf(command.registeredArguments[0]),
  };
}

const argumentOf = (argument: Argument | undefined): Value | null =>
  argument === undefined ? null : valueOf(argument.name(), argument.argChoices);

const flagOf = (option: Option): Flag => ({
  names: [option.short, option.long].filter((name) => typeof name === "string"),
  description: option.description,
  value:
    option.required || option.optional
      ? valueOf(/[<[]([\w-]+)/.exec(option.flags)?.[1] ?? "", option.argChoices)
      : null,
  variadic: option.variadic,
});

const valueOf = (name: string, choices: readonly string[] | undefined): Value =>
  choices === undefined ? (VALUES.get(name) ?? { kind: "anything" }) : { kind: "words", words: choices };

/** Every command below, the program itself first. */
export const everyVerb = (verb: Verb): readonly Verb[] => [verb, ...verb.verbs.flatMap(everyVerb)];
