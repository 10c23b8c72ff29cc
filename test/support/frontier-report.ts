import { verifyCommits } from "../../src/check/commits.ts";
import { Frontier } from "../../src/check/frontier.ts";
import { createReport } from "../../src/cli/output.ts";
import type { Decision } from "../../src/model.ts";
import type { FrontierScene } from "./frontier.ts";

/**
 * The text report of one ref in this process, and how many decisions were made for it.
 *
 * @param forgetful - nothing that was kept is used, and nothing is kept
 */
export async function createTextReportOf(scene: FrontierScene, ref: string, { forgetful = false } = {}) {
  const { dir: cwd, env } = scene.repo;
  const environment = { ...env };
  const now = Math.floor(Date.now() / 1000);
  const targets = [ref];
  const options = { cwd, environment, targets, tags: false, all: false, noWalk: false, now };
  let text = "";
  let decisions = 0;
  const report = createReport({ format: "text" }, (piece) => (text += piece));
  const counting = {
    ...report,
    decision: (decision: Decision) => {
      decisions += 1;
      return report.decision(decision);
    },
  };
  // Whole runs are not repeated here: only histories are known again.
  const words = ["verify", ref, String(Math.random())];
  const asked = { program: "main-test.cjs", cwd, isElsewhere: false, environment, words, targets, quiet: false, now };
  const frontier = forgetful ? null : new Frontier(asked);
  await verifyCommits({ ...options, frontier }, frontier?.over(counting) ?? counting);
  const { exitCode } = report.finish();
  await frontier?.keep();
  return { text, decisions, exit: exitCode };
}
