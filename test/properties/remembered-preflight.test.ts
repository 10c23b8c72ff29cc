/**
 * The preflight that remembers its last yes, and what git and gpg said for it, says what one says that remembers nothing, whatever
 * changes between two commits: the policy, keys, git's configuration in any file and variable, the branch, and the time.
 */
import { afterAll, beforeEach, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { checkReadiness } from "../../src/check/readiness.ts";
import { SignpolicyError } from "../../src/errors.ts";
import { Clone } from "../support/clone.ts";
import { itHolds } from "../support/fuzz.ts";
import { alice, bob, eve, policyOf, principal } from "../support/push-server.ts";

const DAY = 86_400;
const realNow = Date.now.bind(Date);
const START = Math.floor(realNow() / 1000);
/** Milliseconds that our clock is ahead. Files are then older than they look, and are believed to have settled. */
let ahead = 10_000;
beforeEach(() => {
  jest.spyOn(Date, "now").mockImplementation(() => realNow() + ahead);
});

const when = (days: number): string => new Date((START + days * DAY) * 1000).toISOString().replace(/\.\d+/, "");
const rule = { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } };
const keyed = (key: object) => ({ principals: { alice: principal(alice, { keys: [key] }), bob: principal(bob) } });
const line = alice.key.line.trim();
const POLICIES = [
  policyOf([rule]),
  policyOf([{ ...rule, commits: { signedBy: ["bob"] } }]),
  policyOf([rule], keyed({ ssh: line, until: when(0.01) })),
  policyOf([rule], keyed({ ssh: line, from: when(0.02) })),
  policyOf([rule], keyed({ ssh: "keys/alice.pub" })),
  policyOf([{ ...rule, commits: { signedBy: ["bob"], enforceFrom: when(0.01) } }]),
  policyOf([rule], { groups: { devs: [{ principal: "alice", until: when(0.01) }, "bob"] } }),
  policyOf([rule, { ...rule, name: "release", refs: ["refs/heads/release"], commits: { signedBy: ["bob"] } }]),
].map((policy) => JSON.stringify(policy));

const of = <T>(list: readonly T[], at: number): T => list[at % list.length] as T;

/** One is asked a moment after the other, in another folder. */
const plain = (text: string, clone: Clone): string =>
  text.replaceAll(clone.root, "ROOT").replace(/\d{4}-\d\d-\d\dT[\d:]{8}Z/g, "TIME");

/** Two clones to which the same happens. */
class Twins {
  readonly clones = [new Clone(), new Clone()] as const;
  environment: Record<string, string> = {};

  constructor() {
    for (const clone of this.clones) {
      for (const { name, key } of [alice, eve]) this.#put(join(clone.root, `${name}.pub`), key.line);
      for (const { name } of [alice, eve]) this.#put(join(clone.root, name), "-----BEGIN OPENSSH PRIVATE KEY-----\n");
      this.#put(join(clone.top, ".signpolicy.json"), POLICIES[0] ?? "");
      this.#put(join(clone.top, "keys", "alice.pub"), alice.key.line);
    }
    for (const [key, value] of [
      ["gpg.format", "ssh"],
      ["user.email", alice.email],
      ["user.name", alice.name],
      ["commit.gpgsign", "true"],
    ] as const)
      this.config(key, value);
    for (const clone of this.clones) clone.git("config", "user.signingkey", join(clone.root, "alice.pub"));
  }

  #put(file: string, text: string | null): void {
    mkdirSync(dirname(file), { recursive: true });
    if (text === null) rmSync(file, { force: true });
    else writeFileSync(file, text);
  }

  config(key: string, value: string | null): void {
    for (const clone of this.clones)
      clone.run("git", [
        "config",
        ...(value === null ? ["--unset-all", key] : [key, value.replace("ROOT", clone.root)]),
      ]);
  }

  /** Below the folder that holds the clone, its home and the keys. */
  put(path: string, text: string | null): void {
    for (const clone of this.clones) this.#put(join(clone.root, path), text);
  }

  run(...argv: readonly string[]): void {
    for (const clone of this.clones) clone.run("git", argv);
  }

  /** There, or aside. */
  toggle(path: string): void {
    for (const { root } of this.clones) {
      const [here, aside] = [join(root, path), join(root, `${path}-aside`)];
      if (existsSync(here)) renameSync(here, aside);
      else if (existsSync(aside)) renameSync(aside, here);
    }
  }

  async ask(): Promise<readonly string[]> {
    const [, forgetful] = this.clones;
    rmSync(join(forgetful.top, ".git", "signpolicy"), { recursive: true, force: true });
    const said: string[] = [];
    for (const clone of this.clones) {
      const environment = { ...clone.environment, ...this.environment };
      try {
        const sink = { begin: () => undefined, decision: () => undefined };
        const { allow, findings, principal: who } = await checkReadiness({ cwd: clone.top, environment }, sink);
        said.push(plain(JSON.stringify({ allow, findings, who }), clone));
      } catch (error) {
        if (!(error instanceof SignpolicyError)) throw error;
        said.push(plain(`${error.code} ${error.message}`, clone));
      }
    }
    return said;
  }

  remove(): void {
    for (const clone of this.clones) clone.remove();
  }
}

type Change = (twins: Twins, a: number) => void;
const CHANGES: Readonly<Record<string, Change>> = {
  "the policy": (twins, a) => twins.put("app/.signpolicy.json", of([...POLICIES, "{", null], a)),
  "a second place": (twins, a) => twins.put("app/.signpolicy.yaml", of([null, "version: 1\n"], a)),
  "a place of code": (twins, a) => twins.put("app/.signpolicy.js", of([null, ""], a)),
  "a key's file": (twins, a) => twins.put("app/keys/alice.pub", of([alice, eve], a).key.line),
  "the signer's file": (twins, a) => twins.put("alice.pub", of([alice, eve], a).key.line),
  "the private key": (twins) => twins.toggle("alice"),
  "which key": (twins, a) => twins.config("user.signingkey", of(["ROOT/alice.pub", "ROOT/eve.pub", "ROOT/alice"], a)),
  "who commits": (twins, a) => twins.config("user.email", of([alice.email, bob.email, eve.email], a)),
  "whether it is signed": (twins, a) => twins.config("commit.gpgsign", of(["true", "false", null], a)),
  "in which format": (twins, a) => twins.config("gpg.format", of(["ssh", "openpgp", "x509", null], a)),
  "other configuration": (twins, a) => twins.config("core.x", String(a)),
  "an include": (twins, a) => twins.config("include.path", of([null, "ROOT/more"], a)),
  "what is included": (twins, a) => twins.put("more", of([null, "[commit]\n\tgpgsign = false\n"], a)),
  "the user's configuration": (twins, a) =>
    twins.put("home/.config/git/config", of([null, "[commit]\n\tgpgsign = true\n", "[gpg]\n\tformat = openpgp\n"], a)),
  "the branch": (twins, a) =>
    twins.run("symbolic-ref", "HEAD", of(["refs/heads/main", "refs/heads/release", "refs/heads/功"], a)),
  "a rebase": (twins, a) => twins.put("app/.git/rebase-merge/head-name", of([null, "refs/heads/release\n"], a)),
  "a variable": (twins, a) =>
    void (twins.environment = of<Record<string, string>>(
      [
        {},
        { GIT_COMMITTER_EMAIL: bob.email },
        { GIT_AUTHOR_EMAIL: eve.email },
        { GIT_CONFIG_PARAMETERS: "'commit.gpgsign'='false'" },
        { GIT_INDEX_FILE: ".git/other-index", GIT_EDITOR: ":" },
        { XDG_CONFIG_HOME: "/nonexistent" },
      ],
      a,
    )),
  "time goes by": (_, a) => void (ahead += of([1, 600, 900, 1800, 3600], a) * 1000),
  "time goes back": (_, a) => void (ahead -= of([1, 600, 3600], a) * 1000),
};

const number = fc.nat({ max: 59 });
const change = fc.record({ what: fc.constantFrom(...Object.keys(CHANGES)), a: number });
/** What is remembered must be a yes: most of what happens is taken back. */
const story = fc.array(fc.record({ change, isTakenBack: fc.boolean() }), { minLength: 4, maxLength: 10 });

const twins = new Set<Twins>();
afterAll(() => {
  for (const pair of twins) pair.remove();
});

let allowed = 0;

async function isAlike(pair: Twins, after: unknown): Promise<void> {
  const [remembering, forgetful] = await pair.ask();
  expect({ after, said: remembering }).toEqual({ after, said: forgetful });
  allowed += forgetful?.startsWith('{"allow":true') === true ? 1 : 0;
}

itHolds(
  "the preflight says with what it remembers what it says without",
  () =>
    fc.asyncProperty(story, async (steps) => {
      ahead = 10_000;
      const pair = new Twins();
      twins.add(pair);
      await isAlike(pair, "the beginning");
      for (const { change, isTakenBack } of steps) {
        CHANGES[change.what]?.(pair, change.a);
        await isAlike(pair, change);
        if (isTakenBack) {
          CHANGES[change.what]?.(pair, 0);
          await isAlike(pair, [change.what, "back"]);
        }
      }
      pair.remove();
      twins.delete(pair);
    }),
  { runs: 4 },
);

it("and says yes often enough to have something to remember", () => {
  if (process.env["SLOW"] === "1") return;
  expect(allowed).toBeGreaterThan(10);
});
