/**
 * Two servers that are asked the same, of which one forgets before each push all that hooks remember, but for the record. Every
 * object is in both from the beginning, and lies as a push brings it besides, so that git need not be asked where hooks can do without.
 */
import { appendFileSync, cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { judgeReceive } from "../../src/check/receive.ts";
import { recordReceive } from "../../src/check/record-receive.ts";
import { SignpolicyError } from "../../src/errors.ts";
import { chainMemory, fallenMemory, forgetAnswers, policyMemory, recallAnswer } from "../../src/io/kept-answer.ts";
import { gitMemory } from "../../src/io/reading.ts";
import type { Decision, ObjectId, ReportHead, Seconds } from "../../src/model.ts";
import { alice, bob, eve, person, principal, PushServer, type Person } from "./push-server.ts";
import { Repo } from "./repo.ts";

export const DAY = 86_400;
const ZERO = "0".repeat(40);
const carol = person("carol");

/** What a policy is read from. */
export const PLACES = ["file", "branch", "root"] as const;
export type Place = (typeof PLACES)[number];

export interface Verdict {
  readonly said: unknown;
  readonly allowed: boolean;
}

interface Wanted {
  readonly ref: string;
  readonly value: ObjectId | null;
}

export class TwinServers {
  readonly #pool = new PushServer(null, "sha1", { hooks: false });
  readonly #servers = [new Repo({ bare: true }), new Repo({ bare: true })] as const;
  readonly #parents = new Map<ObjectId, readonly ObjectId[]>();
  readonly #start: Seconds = Math.floor(Date.now() / 1000) - 100 * DAY;
  now: Seconds = this.#start;
  readonly policies: readonly string[];
  readonly commits: readonly ObjectId[];
  readonly tags: readonly ObjectId[];

  constructor(place: Place) {
    this.policies = this.#policies().map((policy) => JSON.stringify(policy));
    this.commits = this.#commits();
    const [root = ZERO] = this.commits;
    this.tags = [this.#pool.tag(alice, "v1", root), this.#pool.tag(null, "v1", root), this.#pool.tag(eve, "v1", root)];
    this.putPolicy(0);
    for (const server of this.#servers) {
      cpSync(join(this.#pool.clone.gitDir, "objects"), join(server.gitDir, "objects"), { recursive: true });
      if (place === "file") server.config("signpolicy.policy", this.#file);
      else server.config("signpolicy.trustRoot", root);
      if (place === "root") server.updateRef("refs/heads/main", root);
    }
  }

  get #file(): string {
    return join(this.#pool.clone.root, "policy.json");
  }

  putPolicy(which: number): void {
    writeFileSync(this.#file, this.policies[which % this.policies.length] ?? "");
  }

  /** The same in both. */
  git(...args: readonly string[]): void {
    for (const server of this.#servers) server.run("git", args);
  }

  include(text: string): void {
    for (const server of this.#servers) appendFileSync(join(server.gitDir, "config"), text);
  }

  value(ref: string): ObjectId | null {
    const { status, stdout } = this.#servers[0].run("git", ["rev-parse", "--verify", "-q", ref]);
    return status === 0 ? (stdout.toString("latin1").trim() as ObjectId) : null;
  }

  childrenOf(oid: ObjectId | null): readonly ObjectId[] {
    return this.commits.filter((commit) => {
      const parents = this.#parents.get(commit) ?? [];
      return oid === null ? parents.length === 0 : parents.includes(oid);
    });
  }

  /** The verdict of the one that remembers, and of the one that does not; where they allow it the push lands. */
  async push(wanted: readonly Wanted[], isQuarantined: boolean): Promise<readonly [Verdict, Verdict]> {
    const lines = wanted.map(({ ref, value }) => `${this.value(ref) ?? ZERO} ${value ?? ZERO} ${ref}\n`);
    const input = Buffer.from(lines.join(""));
    const [remembering, forgetful] = this.#servers;
    forgetAnswers(forgetful.gitDir);
    const verdicts = [
      await this.#judge(remembering, input, isQuarantined),
      await this.#judge(forgetful, input, isQuarantined),
    ] as const;
    if (verdicts.every(({ allowed }) => allowed))
      for (const server of this.#servers) await this.#land(server, wanted, input);
    return verdicts;
  }

  async #judge(server: Repo, input: Buffer, isQuarantined: boolean): Promise<Verdict> {
    const own = join(server.gitDir, "objects");
    const received = join(this.#pool.clone.gitDir, "objects");
    const quarantine = {
      GIT_OBJECT_DIRECTORY: received,
      GIT_QUARANTINE_PATH: received,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: own,
    };
    const environment = { ...server.env, GIT_DIR: ".", ...(isQuarantined ? quarantine : {}) };
    const heads: ReportHead[] = [];
    const decisions: Decision[] = [];
    const sink = {
      begin: (head: ReportHead) => void heads.push(head),
      decision: (one: Decision) => void decisions.push(one),
    };
    try {
      await judgeReceive({ cwd: server.dir, environment, input, now: () => this.now }, sink);
      const said = { heads, decisions: JSON.parse(JSON.stringify(decisions)) as unknown };
      return { said, allowed: decisions.every(({ allow }) => allow) };
    } catch (error) {
      if (!(error instanceof SignpolicyError)) throw error;
      return { said: error.code, allowed: false };
    }
  }

  async #land(server: Repo, wanted: readonly Wanted[], input: Buffer): Promise<void> {
    const landed = wanted.map(({ ref, value }) => (value === null ? `delete ${ref}\n` : `update ${ref} ${value}\n`));
    server.git(["update-ref", "--stdin"], { input: landed.join("") });
    await recordReceive({ cwd: server.dir, environment: { ...server.env, GIT_DIR: "." }, input, now: this.now });
  }

  /** How much the one that remembers has to remember. */
  get remembered(): number {
    const { gitDir } = this.#servers[0];
    return [gitMemory, policyMemory, chainMemory, fallenMemory].filter((path) => recallAnswer(path(gitDir)) !== null)
      .length;
  }

  remove(): void {
    this.#pool.remove();
    for (const server of this.#servers) server.remove();
  }

  #policies(): readonly object[] {
    const tags = { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["*"], move: "allow", delete: "allow" } };
    const until = new Date((this.#start + 5 * DAY) * 1000).toISOString().replace(/\.\d+/, "");
    const policy = (
      people: Readonly<Record<string, object>>,
      more: object = {},
      signedBy: readonly string[] = ["*"],
    ) => ({
      version: 1,
      principals: people,
      administration: { rules: ["alice"], principals: ["alice", "eve"], keys: ["alice", "eve"], exempt: ["alice"] },
      rules: [{ name: "branches", refs: ["refs/heads/**"], commits: { signedBy } }, tags],
      ...more,
    });
    const team = { alice: principal(alice), bob: principal(bob), eve: principal(eve) };
    const marked = (mark: object) => ({ eve: principal(eve, { keys: [{ ssh: eve.key.line.trim(), ...mark }] }) });
    return [
      policy(team),
      policy({ alice: principal(alice), bob: principal(bob), eve: principal(eve) }, {}, ["alice", "eve"]),
      policy({ ...team, carol: principal(carol) }),
      policy({ ...team, carol: principal(carol), ...marked({ compromised: true }) }),
      policy({ ...team, ...marked({ until }) }),
      policy(team, { groups: { devs: [{ principal: "bob", until }, "alice"] } }, ["devs", "eve"]),
    ];
  }

  #commits(): readonly ObjectId[] {
    const put = (who: Person | null, parents: readonly ObjectId[], days: number, files = {}): ObjectId => {
      const oid = this.#pool.commit(who, { parents, files, date: this.#start - days * DAY });
      this.#parents.set(oid, parents);
      return oid;
    };
    const own = (which: number) => ({ ".signpolicy.json": this.policies[which] ?? "" });
    const root = put(alice, [], 50, own(0));
    const first = put(alice, [root], 49);
    const second = put(bob, [first], 48, { a: "1" });
    const bare = put(null, [first], 47);
    const onBare = put(alice, [bare], 46);
    const side = put(bob, [root], 45, { b: "1" });
    const merge = put(alice, [second, side], 44);
    const joined = put(eve, [second], 43, own(2));
    const byCarol = put(carol, [joined], 42);
    const accused = put(alice, [byCarol], 41, own(3));
    const narrowed = put(alice, [second], 40, own(1));
    return [
      root,
      first,
      second,
      bare,
      onBare,
      side,
      merge,
      joined,
      byCarol,
      accused,
      narrowed,
      put(carol, [accused], 39),
      put(bob, [accused], 38),
      put(bob, [narrowed], 37),
      put(eve, [narrowed], 36, own(0)),
      put(bob, [joined], 35, own(0)),
      put(alice, [merge], 34),
      put(alice, [accused, merge], 33),
      put(null, [], 32),
      put(alice, [second], 31, own(4)),
      put(alice, [second], 30, own(5)),
    ];
  }
}
