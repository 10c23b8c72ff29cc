import { Argument } from "commander";
import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import { exampleText } from "./examples.ts";
import type { Context } from "./register.ts";
import { writeOut } from "./streams.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

export function registerCompletion(program: Command, context: Context): void {
  program
    .command("completion")
    .summary("completion for bash, zsh or fish")
    .description("Print a script that lets a shell complete commands, options, files and refs.")
    .addArgument(new Argument("<shell>", "whose script").choices(SHELLS))
    .addHelpText("after", exampleText("completion"))
    .action(async (shell: (typeof SHELLS)[number]) => {
      writeOut(await completionScript(program, shell));
      context.exit(EXIT.allowed);
    });
}

async function completionScript(program: Command, shell: (typeof SHELLS)[number]): Promise<string> {
  const tree = (await import("./completion/tree.ts")).completionTree(program);
  switch (shell) {
    case "bash":
      return (await import("./completion/bash.ts")).bashCompletion(tree);
    case "zsh":
      return (await import("./completion/zsh.ts")).zshCompletion(tree);
    case "fish":
      return (await import("./completion/fish.ts")).fishCompletion(tree);
  }
}
