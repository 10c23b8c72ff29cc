import { describe, expect, it } from "@jest/globals";
import { describeFailure } from "../../../src/cli/failure.ts";
import { exitCodeOf, GitError, PolicyError, UsageError } from "../../../src/errors.ts";

describe("a failure", () => {
  it("of a policy lists every mistake as file:line: path: message", () => {
    const error = new PolicyError("ERR_POLICY_INVALID", "2 mistakes in .signpolicy.yaml", [
      { file: ".signpolicy.yaml", line: 3, path: "$.rules[0].refs", message: "is empty", expected: "a pattern" },
      { file: ".signpolicy.yaml", line: null, path: "$", message: "has no version", expected: "version: 1" },
    ]);
    expect(describeFailure(error, "command")).toBe(
      [
        "signpolicy: error: 2 mistakes in .signpolicy.yaml",
        "signpolicy: error: .signpolicy.yaml:3: $.rules[0].refs: is empty (expected a pattern)",
        "signpolicy: error: .signpolicy.yaml: $: has no version (expected version: 1)",
        "",
      ].join("\n"),
    );
    expect(exitCodeOf(error)).toBe(2);
  });

  it("says what git said and how to mend it", () => {
    const error = new GitError("ERR_GIT_FAILED", "git rev-list failed", {
      stderr: "fatal: bad object\nmore",
      hint: "git fsck",
    });
    expect(describeFailure(error, "command")).toBe(
      "signpolicy: error: git rev-list failed\nsignpolicy: error: git said: fatal: bad object\n" +
        "signpolicy: error: git said: more\nsignpolicy: hint: git fsck\n",
    );
  });

  it("escapes what strangers wrote into it", () => {
    const error = new UsageError("unknown ref \u001b[2J\u202e\n");
    expect(describeFailure(error, "command")).toBe("signpolicy: error: unknown ref \\x1b[2J\\u202e\\x0a\n");
  });

  it("speaks git's way in a hook, in lines that fit", () => {
    const text = describeFailure(new UsageError("a ".repeat(100), { hint: "b" }), "hook");
    for (const line of text.trimEnd().split("\n")) expect(line).toMatch(/^(?=.{0,72}$)(?:error|hint): /);
    expect(text).toContain("error: signpolicy: a a a");
  });

  it("has lines of its own on GitLab, that fit as well", () => {
    const text = describeFailure(new UsageError("a ".repeat(100), { hint: "b" }), "gitlab");
    for (const line of text.trimEnd().split("\n")) expect(line).toMatch(/^(?=.{0,72}$)GL-HOOK-ERR: /);
    expect(text).toContain("GL-HOOK-ERR: signpolicy: a a a");
    expect(text).toContain("GL-HOOK-ERR: hint: b");
  });

  it.each([new TypeError("x is not a function"), "a string", null])(
    "that we do not know (%s) is a defect: 70",
    (thrown) => {
      expect(exitCodeOf(thrown)).toBe(70);
      expect(describeFailure(thrown, "command")).toContain("internal error");
      expect(describeFailure(thrown, "command")).toContain("please report it");
    },
  );
});
