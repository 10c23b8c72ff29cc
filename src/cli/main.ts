import type { OpenHistory } from "../check/open-history.ts";
import { EXIT } from "../errors.ts";
import { stopGit } from "../io/git.ts";
import { reportFailure } from "./failure.ts";
import { interrupted, noVerdict } from "./messages.ts";
import { writeError } from "./streams.ts";

/** 128 + SIGINT, as a shell reports it. */
const EXIT_INTERRUPTED = 130;

const isHook = process.argv[2] === "hook";
const voice = isHook ? "hook" : "command";
let finished = false;

// Node ends with 0 when nothing is left to do, even while a promise we wait for is pending, and 0 lets a push in.
process.on("exit", () => {
  if (!finished) process.exitCode = reportFailure(new Error(noVerdict), voice);
});
process.on("uncaughtException", die);
process.on("unhandledRejection", die);
// A hook dies of the signal, which git takes for a refusal.
if (!isHook) {
  process.once("SIGINT", () => {
    finished = true;
    writeError(`signpolicy: ${interrupted}\n`);
    process.exit(EXIT_INTERRUPTED);
  });
}

function die(error: unknown): never {
  finished = true;
  reportFailure(error, voice);
  process.exit(EXIT.defect);
}

async function main(): Promise<number> {
  try {
    // Hooks start on every commit and push: they load nothing of the command line.
    if (isHook) return await (await import("./hook.ts")).runHook(process.argv.slice(3));
    const begun = beginReading();
    // While a file is loaded nobody hears what git says, and what it says next would have to wait.
    await begun?.catch(() => undefined);
    // The end of what git is asked goes out in the next turns of the loop; before that it lists nothing.
    for (let turn = 0; begun !== null && turn < 2; turn += 1) await new Promise(setImmediate);
    const words = process.argv.slice(2);
    if (begun === null) return await (await import("./commands.ts")).runCommand(words);
    const [{ runAmong }, { registerVerify }] = await Promise.all([import("./program.ts"), import("./verify.ts")]);
    return await runAmong([registerVerify], words, { file: import.meta.filename, begun });
  } catch (error) {
    // A terminal interrupts git, too, and we may hear of its end before we hear of our own signal.
    if (!isHook) await new Promise((resolve) => setTimeout(resolve, 30));
    return reportFailure(error, voice);
  }
}

/** git reads what `verify` judges while the rest of us is loaded: in this folder, unless `-C` names another. */
function beginReading(): Promise<OpenHistory> | null {
  const [command, ...words] = process.argv.slice(2);
  if (command !== "verify") return null;
  const begun = import("../check/open-history.ts").then(({ openHistory }) =>
    openHistory(process.cwd(), process.env, words),
  );
  // Whoever asks for it is told what went wrong.
  begun.catch(() => undefined);
  return begun;
}

void main().then((code) => {
  finished = true;
  if (!isHook) stopGit();
  // All output is written by now, and nobody waits for children to end, or for node to take itself apart.
  process.exit(code);
});
