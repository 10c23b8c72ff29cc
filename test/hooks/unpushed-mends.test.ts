/** `policy check`, `policy diff`, `explain` and `doctor` of what is not pushed yet: what they say is what the push will meet. */
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Clone, projectRoot } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let clone: Clone;
let key: string;

beforeEach(() => {
  clone = new Clone();
  const tools = join(clone.root, "bin");
  mkdirSync(tools);
  symlinkSync(join(projectRoot, "dist", "signpolicy.cjs"), join(tools, "signpolicy"));
  clone.environment["PATH"] = `${tools}:${clone.environment["PATH"] ?? ""}`;
  const file = join(clone.root, "alice");
  clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "alice", "-f", file]);
  key = readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
  for (const [name, value] of [
    ["gpg.format", "ssh"],
    ["commit.gpgsign", "true"],
    ["user.signingkey", file],
    ["user.email", "alice@example.org"],
    ["remote.origin.url", clone.root],
    ["remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"],
  ] as const) {
    clone.git("config", name, value);
  }
});
afterEach(() => clone.remove());

function policy(serial: number | null, more: object = {}): void {
  const principals = { alice: { name: "alice", emails: ["alice@example.org"], keys: [{ ssh: key }] } };
  const rules = [{ name: "every branch", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } }];
  const numbered = serial === null ? {} : { serial };
  clone.write(".signpolicy.json", JSON.stringify({ version: 1, ...numbered, principals, rules, ...more }));
}

function commit(title: string, ...options: readonly string[]): string {
  clone.git("add", "-A");
  clone.git("commit", "-q", "--allow-empty", "-m", title, ...options);
  return clone.git("rev-parse", "HEAD");
}

const published = (oid: string, branch = "main") => clone.git("update-ref", `refs/remotes/origin/${branch}`, oid);
const say = (...args: readonly string[]): string => clone.run("signpolicy", args).output;

describeWith(["git", "ssh-keygen"], "before a push", () => {
  it("policy check says which serial a change must have", () => {
    policy(7);
    published(commit("policy"));
    expect(say("policy", "check")).not.toContain("warning");
    policy(7, { unmatched: "allow" });
    expect(say("policy", "check")).toContain("a push of it would be refused: its serial is 7 and must be 8");
    policy(9, { unmatched: "allow" });
    expect(say("policy", "check")).toContain("must be 8");
    policy(null, { unmatched: "allow" });
    expect(say("policy", "check")).toContain("its serial is gone; it must be 8");
    policy(8, { unmatched: "allow" });
    expect(say("policy", "check")).not.toContain("refused");
  });

  it("policy check says what some file system would take for the policy, wherever it comes from", () => {
    policy(7);
    published(commit("policy"));
    const check = (): string => say("policy", "check");
    clone.write("Package.json", JSON.stringify({ name: "x" }));
    clone.write("notes/.SignPolicy.json", "mine");
    expect(check()).not.toContain("warning");
    const brought = "a push of it would be refused: .SignPolicy.json stands in the place of .signpolicy.json";
    clone.write(".SignPolicy.json", "mine");
    expect(check()).toContain(brought);
    expect(clone.run("signpolicy", ["policy", "check"], { cwd: join(clone.top, "notes") }).output).toContain(brought);
    clone.git("add", "-A");
    expect(check()).toContain(brought);
    published(commit("it came in"));
    // What is there already hinders no push, and is told all the same.
    expect(check()).toMatch(/: \.SignPolicy\.json stands in the place of/);
    expect(check()).not.toContain("refused");
    clone.git("rm", "-q", ".SignPolicy.json");
    clone.write("Package.json", JSON.stringify({ signpolicy: {} }));
    expect(check()).toContain("Package.json stands in the place of package.json");
    clone.write(".git/info/exclude", "Package.json\n");
    clone.git("rm", "-q", "--cached", "Package.json");
    expect(check()).not.toContain("warning");
  });

  it("policy check says which key file a commit would leave behind", () => {
    const principals = { alice: { name: "alice", emails: ["alice@example.org"], keys: [{ ssh: "keys/a b.pub" }] } };
    const check = (): string => say("policy", "check");
    clone.write("keys/a b.pub", `${key}\n`);
    policy(7, { principals });
    // Nothing of it is on its way yet.
    expect(check()).not.toContain("warning");
    clone.git("add", ".signpolicy.json");
    const [, command = ""] =
      /refused: keys\/a b\.pub is not tracked, so no commit takes it along: (.*)/.exec(check()) ?? [];
    expect(clone.run("sh", ["-c", command])).toMatchObject({ status: 0 });
    expect(check()).not.toContain("warning");
  });

  it("policy check says that somebody else's change has the same serial by now", () => {
    policy(7);
    const base = commit("policy");
    policy(8, { unmatched: "allow" });
    published(commit("theirs"));
    clone.git("reset", "-q", "--hard", base);
    policy(8, { algorithms: { rsaBits: 3072 } });
    expect(say("policy", "check")).toContain("origin/main has serial 8 by now; merge it, then this one must be 9");
    commit("mine");
    expect(say("policy", "check")).toContain("must be 9");
  });

  it("policy check says that nobody could change it any more", () => {
    policy(7);
    published(commit("policy"));
    const retired = { name: "alice", emails: ["alice@example.org"], keys: [{ ssh: key, compromised: true }] };
    policy(8, { principals: { alice: retired } });
    expect(say("policy", "check")).toMatch(/would be refused: nobody who holds the right `\w+` could sign/);
  });

  it("policy diff says for which ref it tells who may make a change, where another is checked out", () => {
    policy(7);
    published(commit("policy"));
    policy(8, { unmatched: "allow" });
    expect(say("policy", "diff")).not.toContain("note:");
    clone.git("switch", "-q", "-c", "topic");
    expect(say("policy", "diff")).toContain("note: who may make each change is told for refs/heads/main");
    expect(say("policy", "diff", "--as", "topic")).not.toContain("note:");
  });

  it("explain mends the tip and what lies below it with one command, and the tip alone where that is enough", () => {
    policy(null);
    const base = commit("policy");
    published(base);
    commit("bad", "--no-gpg-sign");
    const tip = commit("bad as well", "--no-gpg-sign");
    expect(say("explain", tip)).toContain(`fix        git rebase -f -S ${base.slice(0, 12)}\n`);
    clone.git("rebase", "-q", "-f", "-S", base);
    const again = commit("bad", "--no-gpg-sign");
    expect(say("explain", again)).toContain("git commit --amend --no-edit --allow-empty -S");
  });

  it("doctor does not count what stands on another branch of the remote as not pushed", () => {
    policy(null);
    published(commit("policy"));
    published(commit("there", "--no-gpg-sign"), "after");
    commit("here");
    expect(say("doctor")).toContain("1 commit not pushed yet: all good");
    commit("bad", "--no-gpg-sign");
    expect(say("doctor")).toContain("2 commits not pushed yet, 1 would be refused");
  });
});
