// The manual page in mdoc(7), from the commands as the program knows them: nothing in it is written twice.

/** Text that roff reads as it stands: no escape, no request, no macro. */
const plain = (text) =>
  text
    .replaceAll("\\", "\\e")
    .replace(/-/g, "\\-")
    .replace(/[–—]/g, "\\(en")
    .replace(/…/g, "...")
    .replace(/^([.'])/gm, "\\&$1");

/** Sentences, each on lines of its own that are not too long, as mdoc wants them. */
const sentences = (text) =>
  text
    .split(/(?<=\S{2}[.?!]\)?)\s+/)
    .map((sentence) => plain(sentence.replace(/(?=\S)(.{1,60}\S*)(?:\s+|$)/g, "$1\n").trimEnd()))
    .join("\n");

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** `--format <format>` as macros: flags in bold, values in italics. */
function optionLine(flags) {
  const parts = flags.split(/,?\s+/).map((part) => {
    const value = /^[<[](.*?)(\.\.\.)?[>\]]$/.exec(part);
    return value === null ? `Fl ${plain(part.slice(1))}` : `Ar ${plain(value[1])}${value[2] ?? ""}`;
  });
  return `.It ${parts.join(" , ").replaceAll(" , Ar", " Ar")}`;
}

const operands = (command) =>
  command.registeredArguments.map((argument) => {
    const name = `Ar ${plain(argument.name())}${argument.variadic ? " ..." : ""}`;
    return argument.required ? `.${name}` : `.Op ${name}`;
  });

const list = (items) => (items.length === 0 ? [] : [".Bl -tag -width Ds", ...items.flat(), ".El"]);

const optionItems = (help, command) =>
  help
    .visibleOptions(command)
    .filter(({ long }) => long !== "--help")
    .map((option) => [optionLine(option.flags), sentences(`${capital(help.optionDescription(option))}.`)]);

function section(help, command, path) {
  const below = help.visibleCommands(command).filter((one) => one.name() !== "help");
  const head = [`.Ss signpolicy ${path.map(plain).join(" ")}`];
  const usage =
    below.length > 0 ? [] : [".Pp", `.Nm Cm ${path.map(plain).join(" ")}`, ".Op Ar options", ...operands(command)];
  return [
    ...head,
    sentences(`${capital(command.description()).replace(/\.$/, "")}.`),
    ...usage,
    ...list(optionItems(help, command)),
    ...below.flatMap((one) => section(help, one, [...path, one.name()])),
  ];
}

/** For a line of a macro, which takes quotes for those of an argument and drops them. */
const typed = (text) => plain(text).replaceAll('"', "\\(dq");

const exampleLines = (examples) =>
  [...examples.values()]
    .flat()
    .filter(([line], index, all) => all.findIndex(([other]) => other === line) === index)
    .flatMap(([line, purpose]) => [
      `.It`,
      sentences(capital(purpose).replace(/(?<![?.])$/, ":")),
      `.Dl ${typed(line)}`,
    ]);

/** @returns the page as text; the same for the same program, whatever the day */
export function renderManPage({ program, examples, exitCodes, version, date }) {
  const help = program.createHelp();
  const commands = help.visibleCommands(program).filter((one) => one.name() !== "help");
  const lines = [
    '.\\" Made by npm run gen from the commands; do not edit.',
    `.Dd ${date}`,
    ".Dt SIGNPOLICY 1",
    `.Os signpolicy ${version}`,
    ".Sh NAME",
    ".Nm signpolicy",
    `.Nd ${plain(program.description().split(":")[0])}`,
    ".Sh SYNOPSIS",
    ".Nm",
    ".Op Fl C Ar folder",
    ".Ar command",
    ".Op Ar options",
    ".Op Ar operands",
    ".Nm git signpolicy",
    ".Ar command",
    ".Op Ar options",
    ".Op Ar operands",
    ".Sh DESCRIPTION",
    ".Nm",
    "judges commits, tags and pushes by a policy file that says who may sign what.",
    "The same verifier, in one process, gives the same verdict in hooks of a clone,",
    "in a server's",
    ".Pa pre\\-receive ,",
    "and in continuous integration, for OpenPGP and SSH signatures.",
    "It calls neither",
    ".Xr gpg 1",
    "nor",
    ".Xr ssh-keygen 1",
    "to verify.",
    ".Pp",
    "The report alone goes to standard output;",
    "talk and progress go to standard error.",
    "Every finding has a stable code, such as",
    ".Li unknown\\-key .",
    ".Pp",
    "Options of every command:",
    ...list([...optionItems(help, program), [".It Fl h , Fl \\-help", "Print help, with examples."]]),
    ".Sh COMMANDS",
    ...commands.flatMap((command) => section(help, command, [command.name()])),
    ".Sh ENVIRONMENT",
    ".Bl -tag -width Ds",
    ".It Ev NO_COLOR",
    "No colour, whatever its value, unless it is empty.",
    ".It Ev HUSKY",
    "0 keeps husky from running its hooks, ours among them.",
    "The server judges all the same.",
    ".El",
    ".Sh FILES",
    ".Bl -tag -width Ds",
    ".It Pa .signpolicy.yaml , .signpolicy.yml , .signpolicy.json",
    ".It Pa .signpolicyrc , .config/signpolicyrc , package.json",
    "The policy, at the top of the tree, in one of these places; of",
    ".Pa package.json",
    "the member",
    ".Li signpolicy .",
    ".It Pa $GIT_DIR/signpolicy/record.jsonl",
    "On a server, what landed and which rules passed it.",
    ".El",
    ".Sh EXIT STATUS",
    ".Bl -tag -width Ds",
    ...exitCodes.flatMap(([code, meaning]) => [`.It ${code}`, sentences(`${capital(meaning)}.`)]),
    ".El",
    ".Pp",
    "Hooks treat everything but 0 as a refusal.",
    ".Sh EXAMPLES",
    ".Bl -item",
    ...exampleLines(examples),
    ".El",
    ".Sh SEE ALSO",
    ".Xr git 1 ,",
    ".Xr git-commit 1 ,",
    ".Xr gpg 1 ,",
    ".Xr ssh-keygen 1 ,",
    ".Xr githooks 5",
    ".Pp",
    "The documentation beside the program:",
    ".Pa docs/policy.md ,",
    ".Pa docs/codes.md ,",
    ".Pa docs/troubleshooting.md .",
  ];
  return `${lines.filter((line) => line !== "").join("\n")}\n`;
}
