/** A repository as a job of CI finds it: checked out by a platform, with the platform's variables and its event. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ObjectId } from "../../src/model.ts";
import { alice, BIN, bob, type Person, policyOf, PushServer } from "./push-server.ts";

export const ZERO = "0".repeat(40);

export interface CiRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Ids and primary codes of a JSON report. */
  readonly decisions: readonly { readonly oid: string | null; readonly code: string | null; readonly kind: string }[];
}

/**
 * main: the policy, then an unsigned commit from before anybody looked, then a signed one where main stands. On top of it a
 * good and a bad commit of a topic branch.
 */
export class CiScene {
  readonly bin = BIN;
  readonly world: PushServer;
  readonly root: ObjectId;
  readonly past: ObjectId;
  readonly base: ObjectId;
  readonly good: ObjectId;
  readonly bad: ObjectId;

  constructor(rules: readonly object[] = MAIN_RULES) {
    this.world = new PushServer(null, "sha1", { hooks: false });
    const policy = JSON.stringify(policyOf(rules));
    this.root = this.commit(alice, { files: { ".signpolicy.json": policy } });
    this.past = this.commit(null, { parents: [this.root] });
    this.base = this.commit(alice, { parents: [this.past] });
    this.good = this.commit(bob, { parents: [this.base] });
    this.bad = this.commit(null, { parents: [this.good] });
    this.tracking("main", this.base);
  }

  commit(who: Person | null, options: Parameters<PushServer["commit"]>[1] = {}): ObjectId {
    return this.world.commit(who, options);
  }

  /** What platforms check out to test a request. */
  mergeOf(head: string): ObjectId {
    return this.commit(null, { parents: [this.base, head], message: "test merge" });
  }

  tracking(branch: string, oid: string): void {
    this.world.clone.updateRef(`refs/remotes/origin/${branch}`, oid);
  }

  checkOut(oid: string): void {
    this.world.clone.git(["checkout", "-q", "-f", "--detach", oid]);
  }

  /** Writes GitHub's file. */
  event(payload: unknown): string {
    const path = join(this.world.clone.root, "event.json");
    writeFileSync(path, typeof payload === "string" ? payload : JSON.stringify(payload));
    return path;
  }

  github(
    name: string,
    ref: string,
    payload: unknown,
    more: Readonly<Record<string, string>> = {},
  ): Record<string, string> {
    return {
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_EVENT_NAME: name,
      GITHUB_REF: ref,
      GITHUB_EVENT_PATH: this.event(payload),
      ...more,
    };
  }

  pullRequest(
    head: string,
    { base = this.base, into = "main", name = "pull_request" }: { base?: string; into?: string; name?: string } = {},
  ) {
    const payload = { pull_request: { head: { sha: head, ref: "topic" }, base: { sha: base, ref: into } } };
    return this.github(name, "refs/pull/1/merge", payload, { GITHUB_BASE_REF: into });
  }

  run(env: Readonly<Record<string, string>>, args: readonly string[] = [], cwd?: string): CiRun {
    const asked = args.some((arg) => arg === "--format") ? args : [...args, "--format", "json"];
    const folder = cwd === undefined ? [] : ["-C", cwd];
    const { status, stdout, stderr } = this.world.clone.run(process.execPath, [BIN, ...folder, "ci", ...asked], {
      env,
    });
    const text = stdout.toString("utf8");
    return { status, stdout: text, stderr, decisions: decisionsOf(text) };
  }

  remove(): void {
    this.world.remove();
  }
}

export const MAIN_RULES = [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs"] } }];

function decisionsOf(text: string): CiRun["decisions"] {
  if (!text.startsWith('{ "schemaVersion"')) return [];
  const { decisions } = JSON.parse(text) as {
    decisions: { subject: { oid: string | null; kind: string }; findings: { code: string }[] }[];
  };
  return decisions.map(({ subject, findings }) => ({
    oid: subject.oid,
    kind: subject.kind,
    code: findings[0]?.code ?? null,
  }));
}
