import { describe, expect, it } from "@jest/globals";
import type { Decision, RefName } from "../../../src/model.ts";
import { createHookRenderer } from "../../../src/report/hook.ts";
import type { HookStage } from "../../../src/report/hook.ts";
import { decision, render, reportHead } from "../../support/reports.ts";

const main = "refs/heads/main" as RefName;
const unsigned = (id: string, ref = main): Decision =>
  decision(id, {
    subject: { kind: "commit", oid: id.repeat(20) as never, ref },
    findings: [{ code: "unsigned", severity: "error", rule: "r", message: "not signed", hint: "git commit -S" }],
  });

function message(stage: HookStage, decisions: readonly Decision[], gitlab = false): readonly string[] {
  const text = render(createHookRenderer({ stage, gitlab }), { head: reportHead(), decisions });
  return text.split("\n").slice(0, -1);
}

describe("the message of a hook", () => {
  it("says before a commit that git is stopped, with the command that mends it", () => {
    const next = decision("0", { ...unsigned("a1"), subject: { kind: "commit", oid: null, ref: main }, shown: null });
    expect(message("commit", [next]).slice(0, 2)).toEqual([
      "error: signpolicy: commit stopped: refs/heads/main would reject it",
      'error: unsigned (rule "r"): not signed',
    ]);
    expect(message("commit", [next])).toContain("hint: fix: git commit -S");
  });

  it("says a command once for several commits in a row, and another's where it differs", () => {
    const other = unsigned("c3");
    const joins = { ...other, findings: other.findings.map((finding) => ({ ...finding, hint: "signpolicy join" })) };
    const lines = message("push", [unsigned("a1"), unsigned("b2"), joins, unsigned("d4")]);
    expect(lines.slice(2, 9).map((line) => line.replace(/ "[^]*$/, ""))).toEqual([
      "error: a1a1a1a1 unsigned",
      "error: b2b2b2b2 unsigned",
      "hint: fix: git commit -S",
      "error: c3c3c3c3 unsigned",
      "hint: fix: signpolicy join",
      "error: d4d4d4d4 unsigned",
      "hint: fix: git commit -S",
    ]);
  });

  it("tells a coding agent to stop rather than to go round the hook, and nobody else", () => {
    const told = (agent: boolean) =>
      render(createHookRenderer({ stage: "commit", gitlab: false, agent }), {
        head: reportHead(),
        decisions: [unsigned("a1")],
      });
    expect(told(true).replaceAll(/\nhint: +/g, " ")).toContain(
      "do not retry with --no-verify, --no-gpg-sign or HUSKY=0",
    );
    expect(told(false)).not.toContain("agent");
  });

  it("only warns of a commit that is made", () => {
    const lines = message("advice", [unsigned("a1")]);
    expect(lines[0]).toBe("warning: signpolicy: refs/heads/main would reject this commit");
    expect(lines.filter((line) => line.startsWith("error"))).toEqual([]);
  });

  it("says nothing of what is allowed", () => {
    expect(message("push", [decision("a1", {})])).toEqual([]);
    expect(message("commit", [decision("a1", {})])).toEqual([]);
  });

  it("names every refused ref, even when the commits shown are used up", () => {
    const refs = Array.from({ length: 10 }, (_, i) => `refs/heads/b${i}` as RefName);
    const lines = message(
      "push",
      refs.flatMap((ref) => ["a1", "b2", "c3", "d4"].map((id) => unsigned(id, ref))),
    );
    for (const ref of refs) expect(lines).toContain(`error: signpolicy: 4 of 4 commits rejected on ${ref}`);
    expect(lines.filter((line) => / unsigned "/.test(line))).toHaveLength(20);
    expect(lines.filter((line) => line === "error: +4 more unsigned")).toHaveLength(5);
  });

  it("tells of at most twenty commits, however many causes a pusher makes of them, and of every kind of cause", () => {
    const refs = Array.from({ length: 20 }, (_, i) => `refs/heads/b${i}` as RefName);
    const many = refs.flatMap((ref) =>
      Array.from({ length: 40 }, (_, i): Decision => {
        const message = `the signature is by ${String(i)}`;
        return { ...unsigned("a1", ref), findings: [{ code: "unknown-key", severity: "error", rule: "r", message }] };
      }),
    );
    const last = unsigned("b2", "refs/heads/b19" as RefName);
    const lines = message("push", [...many, last]);
    expect(lines.filter((line) => /^error: a1a1a1a1 /.test(line))).toHaveLength(20);
    expect(lines.length).toBeLessThan(100);
    expect(lines).toContain("error: signpolicy: 40 of 40 commits rejected on refs/heads/b18");
    expect(lines).toContain("error: +40 more unknown-key");
    expect(lines).toContain('error: unsigned (rule "r"): not signed');
    expect(lines).toContain("hint: fix: git commit -S");
  });

  it("stays short for a push of thousands of refs", () => {
    const refs = Array.from({ length: 3000 }, (_, i) => unsigned("a1", `refs/heads/b${i}` as RefName));
    const lines = message("push", refs);
    expect(lines.length).toBeLessThan(120);
    expect(lines).toContain("error: signpolicy: +2980 more refs rejected");
  });

  it("gives GitLab's web pages the lines they look for, and nobody else", () => {
    const lines = message("push", [unsigned("a1")], true);
    expect(lines).toContain("GL-HOOK-ERR: signpolicy: 1 of 1 commit rejected on refs/heads/main");
    expect(message("push", [unsigned("a1")]).join()).not.toContain("GL-HOOK-ERR");
    const long = unsigned("a1", `refs/heads/${"a-name-without-end/".repeat(12)}x` as RefName);
    for (const line of message("push", [long], true)) expect(line).toMatch(/^[\x20-\x7e]{1,72}$/);
  });

  it("keeps a title from forging such a line", () => {
    const forged = { ...unsigned("a1"), shown: { title: "x\nGL-HOOK-ERR: all is well", author: "", committer: "a@b" } };
    for (const line of message("push", [forged])) expect(line).toMatch(/^(?:error|hint): /);
  });

  it("tells a look-alike e-mail from the real one", () => {
    const homoglyph = Buffer.from("B\u043eb <b\u043eb@example.org>", "utf8").toString("latin1");
    const lines = message("push", [{ ...unsigned("a1"), shown: { title: "t", author: "", committer: homoglyph } }]);
    expect(lines.join("\n")).toContain("b\\u{43e}b@example.org");
  });
});
