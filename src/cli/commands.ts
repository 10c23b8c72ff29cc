import type { Command } from "commander";
import { registerApprove } from "./approve.ts";
import { registerCi } from "./ci.ts";
import { registerCheckInstall } from "./check-install.ts";
import { registerCompletion } from "./completion.ts";
import { registerDoctor } from "./doctor.ts";
import { registerExplain } from "./explain.ts";
import { registerHook } from "./hook-help.ts";
import { registerInit } from "./init.ts";
import { registerInstall } from "./install.ts";
import { registerJoin } from "./join.ts";
import { registerKeys } from "./keys.ts";
import { programOf, runAmong, type Start } from "./program.ts";
import type { Register } from "./register.ts";
import { registerReport } from "./report.ts";
import { registerResign } from "./resign.ts";
import { registerUninstall } from "./uninstall.ts";
import { registerPolicy } from "./policy.ts";
import { registerRecord } from "./record.ts";
import { registerWatch } from "./watch.ts";
import { registerVerify } from "./verify.ts";

/** Each command in its own file; what a command needs to run is loaded when it runs. */
const COMMANDS: readonly Register[] = [
  registerInit,
  registerJoin,
  registerVerify,
  registerCi,
  registerExplain,
  registerReport,
  registerDoctor,
  registerResign,
  registerApprove,
  registerInstall,
  registerUninstall,
  registerCheckInstall,
  registerPolicy,
  registerKeys,
  registerRecord,
  registerWatch,
  registerCompletion,
  registerHook,
];

export const runCommand = (words: readonly string[], start?: Start): Promise<number> =>
  runAmong(COMMANDS, words, start);

export const createProgram = (exit: (code: number) => void): Command => programOf(COMMANDS, exit);
