import { describe, expect, it } from "@jest/globals";
import { planPrepare, prepareCommand, stripPrepare } from "../../../src/check/prepare-script.ts";

const HUSKY = prepareCommand("husky", "") ?? "";

describe("prepare script", () => {
  it("is ours alone where there was none", () => {
    expect(planPrepare(null, "husky", "").command).toBe(HUSKY);
    expect(planPrepare(null, "hooks", "").command).toBe("signpolicy install --via hooks || exit 0");
    expect(stripPrepare(HUSKY)).toBeNull();
  });

  it.each(["npm run build", "tsc && node x.js", "a || b", "(a || b)", "a && (b || c)"])(
    "keeps %p and runs behind it",
    (present) => {
      for (const via of ["husky", "hooks"] as const) {
        const { command, warning } = planPrepare(present, via, "");
        expect(warning).toBeNull();
        expect(command).toContain(present);
        expect(stripPrepare(command)).toBe(present);
        expect(planPrepare(command, via, "").command).toBe(command);
      }
    },
  );

  it("guards a bare husky, and does not run it twice", () => {
    expect(planPrepare("husky", "husky", "").command).toBe("husky || exit 0");
    expect(planPrepare("husky || exit 0", "husky", "").command).toBe("husky || exit 0");
    expect(planPrepare("husky || true", "husky", "")).toEqual({ command: "husky || true", warning: null });
  });

  it("leaves a longer script with husky in it alone, and says what it does without devDependencies", () => {
    const plan = planPrepare("npm run build && husky", "husky", "");
    expect(plan.command).toBe("npm run build && husky");
    expect(plan.warning).toMatch(/--omit=dev/);
  });

  it("changes its part when the way changes", () => {
    expect(planPrepare(`a && ${HUSKY}`, "hooks", "").command).toBe("a && (signpolicy install --via hooks || exit 0)");
  });

  it("starts husky at the top for a package in a folder", () => {
    const command = prepareCommand("husky", "web/app");
    expect(command).toContain("process.chdir('../..')");
    expect(command).toContain("h.default('web/app/.husky')");
    expect(stripPrepare(command)).toBeNull();
  });

  it("is not written for a folder name that could become code, and says so", () => {
    expect(prepareCommand("husky", "a'+process.exit()+'")).toBeNull();
    expect(planPrepare("tsc", "husky", "a$b")).toMatchObject({
      command: "tsc",
      warning: expect.stringMatching(/clone/),
    });
  });
});
