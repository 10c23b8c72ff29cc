import { describe, expect, it } from "@jest/globals";
import { createProgram } from "../../src/cli/commands.ts";
import { expectGolden } from "../support/golden.ts";

const program = createProgram(() => undefined);

/** The help as a person sees it, examples included. */
function helpOf(name: string): string {
  const command = name === "signpolicy" ? program : program.commands.find((one) => one.name() === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 });
  command.outputHelp();
  return text;
}

describe("the help of", () => {
  it.each(["signpolicy", ...program.commands.map((command) => command.name())])(
    "%s is its golden text, with examples",
    (name) => {
      const text = helpOf(name);
      expect(text).toContain("Examples:");
      expectGolden(`help/${name}.txt`, text);
    },
  );
});
