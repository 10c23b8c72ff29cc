import { describe, expect, it } from "@jest/globals";
import { createProgress } from "../../../src/cli/progress.ts";

function run(wanted: boolean, steps: number, msPerStep: number, total: number | null): string {
  let now = 0;
  let text = "";
  const progress = createProgress(wanted, { now: () => now, write: (part) => (text += part) });
  if (total !== null) progress?.expect(total);
  for (let i = 0; i < steps; i++) {
    now += msPerStep;
    progress?.step();
  }
  progress?.clear();
  return text;
}

describe("the progress bar", () => {
  it("stays away from work of less than a second", () => {
    expect(run(true, 900, 1, 900)).toBe("");
  });

  it("shows how much is done of what is known, and leaves a clean line", () => {
    const text = run(true, 2000, 1, 4000);
    expect(text).toContain("[######------------------] 1008 of 4000 checked");
    expect(text).toMatch(/\r\u001b\[K$/);
  });

  it("counts where the total is not known", () => {
    expect(run(true, 2000, 1, null)).toContain("\r1008 checked");
  });

  it("is silent where nobody looks", () => {
    expect(run(false, 2000, 1, 4000)).toBe("");
  });

  it("draws ten times a second at most", () => {
    expect(run(true, 10_000, 1, 10_000).split("checked").length).toBeLessThan(100);
  });
});
