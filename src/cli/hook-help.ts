import type { Command } from "commander";
import { exampleText } from "./examples.ts";

/** `hook` itself never gets here: main hands it to `hook.ts` before this file is loaded. What is here is its help. */
export function registerHook(program: Command): void {
  program
    .command("hook")
    .usage("<name> [arguments]")
    .summary("what the hooks call")
    .description(
      "Run one hook: pre-commit, pre-merge-commit, post-commit, pre-push, pre-receive or post-receive. " +
        "install writes the hooks that call it; you rarely type it.",
    )
    .addHelpText("after", exampleText("hook"));
}
