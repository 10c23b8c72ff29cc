/**
 * A clone with a linked work tree and a remote, all of whose objects are there from the beginning, so that whatever moves brings
 * in no object that would tell; and `verify` in it, with what it keeps and without, at any time.
 */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { recallRun } from "../../src/check/frontier-runs.ts";
import { Frontier } from "../../src/check/frontier.ts";
import { verifyCommits } from "../../src/check/commits.ts";
import { reportOf } from "../../src/cli/again.ts";
import { createReport } from "../../src/cli/output.ts";
import { chosenTargets } from "../../src/cli/verify.ts";
import { EXIT, exitCodeOf, SignpolicyError } from "../../src/errors.ts";
import type { ObjectId, Seconds } from "../../src/model.ts";
import { BEGUN, pgpPerson } from "./authenticated.ts";
import { lifetime, signature } from "./openpgp.ts";
import { alice, bob, eve, person, policyOf, principal, PushServer, type Person } from "./push-server.ts";

export const DAY = 86_400;

const pat = pgpPerson("pat", 33);
/** The signature itself ends, eleven days after it was made. */
const fleeting: Person = {
  ...pat,
  sign: (payload, at) => signature(pat.primary, payload, { at, hashed: [lifetime(11 * DAY)] }),
};

const day = (at: Seconds): string => new Date(at * 1000).toISOString().replace(/\.\d+/, "");

export interface Answered {
  readonly text: string;
  readonly exit: number;
}

export interface Remembered extends Answered {
  /** An earlier run was said again. */
  readonly again: boolean;
}

export interface Asked {
  readonly targets: readonly string[];
  readonly cwd: string;
  readonly as?: string;
  readonly all?: boolean;
  readonly tags?: boolean;
  readonly policy?: string;
}

export class RememberingClone {
  readonly #pushes = new PushServer(null, "sha1", { hooks: false });
  /** When it begins. */
  readonly start: Seconds = Math.floor(Date.now() / 1000) - 100 * DAY;
  now: Seconds = this.start;
  readonly commits: readonly ObjectId[];
  readonly tags: readonly ObjectId[];
  readonly policies: readonly string[];

  constructor() {
    this.policies = this.#policies();
    this.commits = this.#commits();
    const [first = "", , third = ""] = this.commits;
    this.tags = [
      this.#pushes.tag(alice, "v1", first),
      this.#pushes.tag(null, "v1", first),
      this.#pushes.tag(bob, "v1", third),
    ];
    this.#pushes.share();
    this.git("update-ref", "refs/heads/main", first);
    this.git("worktree", "add", "-q", "--detach", this.linked, first);
    mkdirSync(join(this.linked, "below"));
    for (const name of ["main", "功能/x"]) this.remote("update-ref", `refs/heads/${name}`, first);
    this.putPolicy(0);
    this.putKey(0);
  }

  get top(): string {
    return this.#pushes.clone.dir;
  }

  get gitDir(): string {
    return this.#pushes.clone.gitDir;
  }

  get linked(): string {
    return join(this.#pushes.clone.root, "linked");
  }

  /** Outside the repository. */
  get policyFile(): string {
    return join(this.#pushes.clone.root, "admin", "policy.json");
  }

  /** Whatever comes of it: git may refuse. */
  git(...args: readonly string[]): void {
    this.#pushes.clone.run("git", args);
  }

  remote(...args: readonly string[]): void {
    this.#pushes.server.run("git", args);
  }

  putPolicy(which: number): void {
    mkdirSync(join(this.policyFile, ".."), { recursive: true });
    writeFileSync(this.policyFile, this.policies[which % this.policies.length] ?? "");
  }

  putKey(which: number): void {
    const { key } = [alice, eve][which % 2] ?? alice;
    writeFileSync(join(this.policyFile, "..", "alice.pub"), key.line);
  }

  /** The policy of a work tree: `which` beyond the last one takes it away. */
  putOwn(top: string, which: number): void {
    const file = join(top, ".signpolicy.json");
    const text = this.policies[which % (this.policies.length + 1)];
    if (text === undefined) rmSync(file, { force: true });
    else writeFileSync(file, text);
  }

  write(path: string, text: string | null): void {
    if (text === null) rmSync(join(this.gitDir, path), { force: true });
    else {
      mkdirSync(join(this.gitDir, path, ".."), { recursive: true });
      writeFileSync(join(this.gitDir, path), text);
    }
  }

  /** Takes a commit out of the objects, or puts it back. */
  lose(oid: ObjectId): void {
    const file = join(this.gitDir, "objects", oid.slice(0, 2), oid.slice(2));
    const aside = join(this.#pushes.clone.root, oid);
    if (existsSync(aside)) renameSync(aside, file);
    else if (existsSync(file)) renameSync(file, aside);
  }

  async remembered(asked: Asked): Promise<Remembered> {
    const words = ["verify", JSON.stringify(asked)];
    const run = recallRun(PROGRAM, asked.cwd, this.#pushes.clone.env, words, this.now);
    if (run !== null) return { text: reportOf(run), exit: EXIT.allowed, again: true };
    const { cwd, targets } = asked;
    const where = { program: PROGRAM, cwd, isElsewhere: false, environment: this.#pushes.clone.env };
    const frontier = new Frontier({ ...where, words, targets, quiet: false, now: this.now });
    return { ...(await this.#verify(asked, frontier)), again: false };
  }

  forgetful = (asked: Asked): Promise<Answered> => this.#verify(asked, null);

  async #verify({ targets, cwd, ...options }: Asked, frontier: Frontier | null): Promise<Answered> {
    let text = "";
    const report = createReport({ format: "text" }, (piece) => (text += piece));
    const chosen = chosenTargets(targets, { format: "text", walk: true, ...options }, cwd);
    try {
      const asked = { ...chosen, environment: this.#pushes.clone.env, now: this.now, frontier };
      await verifyCommits(asked, frontier?.over(report) ?? report);
      const { exitCode } = report.finish();
      await frontier?.keep();
      return { text, exit: exitCode };
    } catch (error) {
      if (!(error instanceof SignpolicyError)) throw error;
      return { text: `${text}${error.code}: ${error.message}`, exit: exitCodeOf(error) };
    }
  }

  remove(): void {
    this.#pushes.remove();
  }

  #policies(): readonly string[] {
    const rule = { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } };
    const tagRule = { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["devs"], lightweight: "allow" } };
    const rules = [rule, tagRule];
    const soon = this.start + 5 * DAY;
    const until = day(soon);
    const [life, renewed] = [soon - BEGUN, this.start + 3 * DAY];
    const certified = (options?: Parameters<typeof pat.certificate>[0]) => ({
      alice: principal(alice),
      bob: principal(bob),
      pat: { emails: [pat.email], keys: [{ openpgp: pat.certificate(options) }] },
    });
    const groups = { devs: ["alice", "bob", "pat"] };
    const keyed = (...keys: readonly object[]) => ({
      principals: { alice: principal(alice, { keys }), bob: principal(bob) },
    });
    const narrow = { ...rule, commits: { signedBy: ["alice"] } };
    return [
      policyOf(rules),
      policyOf([narrow, tagRule]),
      policyOf(rules, keyed({ ssh: alice.key.line.trim(), until })),
      policyOf(rules, keyed({ ssh: "alice.pub" })),
      policyOf([{ ...rule, commits: { signedBy: ["devs"], enforceFrom: until } }, tagRule]),
      policyOf([{ ...rule, commits: { signedBy: ["devs"], level: "warn" } }, tagRule]),
      policyOf(rules, { groups: { devs: [{ principal: "alice", until }, "bob"] } }),
      policyOf([rule, tagRule, { name: "ci", paths: ["ci/**"], commits: { signedBy: ["alice"] } }]),
      policyOf(rules, { principals: certified(), groups }),
      policyOf(rules, { principals: certified({ life }), groups }),
      policyOf(rules, { principals: certified({ life, renewed }), groups }),
      "{",
    ].map((policy) => (typeof policy === "string" ? policy : JSON.stringify(policy)));
  }

  /** Good and bad ones, lines and merges, policies and none, old dates and new ones. */
  #commits(): readonly ObjectId[] {
    const put = (who: Person | null, parents: readonly ObjectId[], days: number, files = {}): ObjectId =>
      this.#pushes.commit(who, { parents, files, date: this.start - days * DAY });
    const own = (which: number) => ({ ".signpolicy.json": this.policies[which] ?? "" });
    const first = put(alice, [], 50, own(0));
    const second = put(alice, [first], 40);
    const third = put(bob, [second], 30, { a: "1" });
    const side = put(bob, [first], 35, { b: "1" });
    const merge = put(alice, [third, side], 20);
    const bare = put(null, [second], 25);
    const narrow = put(alice, [third], 15, own(1));
    return [
      first,
      second,
      third,
      side,
      merge,
      bare,
      narrow,
      put(alice, [bare], 10),
      put(eve, [third], 9),
      put(person("nobody"), [merge], 8),
      put(alice, [narrow], 60),
      put(bob, [merge], -20),
      put(bob, [third], 5, { "ci/x": "1" }),
      put(pat, [third], 6),
      put(fleeting, [third], 6),
      put(pat, [merge], -4),
    ];
  }
}

/** Whatever judges in this process. */
const PROGRAM = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
