/**
 * Attack: in the middle of a history that is too long to compare every tree, bob, who may not change the policy, changes it in a
 * way that git might pass over as it lists the commits: another mode, a link, a submodule or a folder in its place, a key file
 * alone, a file that the policy keeps elsewhere, a spelling that some file systems take for it, and back again; and the
 * configuration of the judged clone asks git to say less.
 * Stopped by: io/commit-texts.ts and check/policy-changes.ts, which find what a search for the files finds (policy-change).
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { alice, BIN, bob, principal, withServer, type PushServer } from "../support/push-server.ts";

jest.setTimeout(120_000);

type Entry = readonly [mode: string, oid: string];
type Entries = Readonly<Record<string, Entry | null>>;

const rules = [{ name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } }];
const policy = (key: string): string =>
  JSON.stringify({
    version: 1,
    principals: { alice: { name: "alice", emails: [alice.email], keys: [{ ssh: key }] }, bob: principal(bob) },
    administration: { rules: ["alice"], principals: ["alice"], keys: ["alice"], exempt: ["alice"], threshold: 1 },
    rules,
  });

function treeOf(server: PushServer, entries: Entries): string {
  const rows = new Map<string, Entry>();
  for (const [path, entry] of Object.entries(entries)) {
    if (entry === null) continue;
    const [name = "", ...below] = path.split("/");
    if (below.length === 0) rows.set(name, entry);
    else {
      const inside = Object.entries(entries).filter(([other]) => other.startsWith(`${name}/`));
      const folder = Object.fromEntries(inside.map(([other, one]) => [other.slice(name.length + 1), one]));
      rows.set(name, ["40000", treeOf(server, folder)]);
    }
  }
  const raw = [...rows].map(([name, [mode, oid]]) => ({
    key: Buffer.from(mode === "40000" ? `${name}/` : name),
    row: Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, "hex")]),
  }));
  return server.clone.write("tree", Buffer.concat(raw.sort((a, b) => a.key.compare(b.key)).map(({ row }) => row)));
}

interface Told {
  readonly status: number | null;
  readonly report: string;
  /** Of the commits that are denied, their place in the line, and why. */
  readonly denied: readonly (readonly [number, string | undefined])[];
  /** Words with which git was called. */
  readonly asked: string;
}

/** `verify` of main, with a `git` that writes down how it is called. */
function verify({ server }: PushServer, dir: string, line: readonly string[]): Told {
  const folder = join(server.root, "noting");
  const log = join(server.root, "noted");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "git"), `#!/bin/sh\necho "$*" >>'${log}'\nPATH="\${PATH#*:}" exec git "$@"\n`);
  chmodSync(join(folder, "git"), 0o755);
  rmSync(log, { force: true });
  const args = [BIN, "verify", "refs/heads/main", "--format", "json"];
  const env = { PATH: `${folder}${delimiter}${server.env["PATH"] ?? ""}` };
  const { status, stdout } = server.run(process.execPath, args, { cwd: dir, env });
  const { decisions } = JSON.parse(stdout.toString()) as {
    readonly decisions: readonly {
      readonly allow: boolean;
      readonly subject: { readonly oid: string };
      readonly findings: readonly { readonly code: string }[];
    }[];
  };
  const denied = decisions.filter(({ allow }) => !allow);
  return {
    status,
    report: stdout.toString(),
    denied: denied.map(({ subject, findings }) => [line.indexOf(subject.oid), findings[0]?.code]),
    asked: readFileSync(log, "utf8"),
  };
}

const LENGTH = 100;
const SEARCH = /rev-list --full-history/;

/** A line of bob's commits on alice's first one, in which some change what stands there; judged in the two ways. */
function judge(
  server: PushServer,
  begin: Entries,
  changes: Readonly<Record<number, Entries>>,
  config: Readonly<Record<string, string>> = {},
): { readonly told: Told; readonly searched: Told } {
  const source = server.clone.write("blob", Buffer.from("x"));
  const line: string[] = [];
  let entries: Entries = begin;
  for (let n = 0; n < LENGTH; n += 1) {
    entries = { ...entries, ...changes[n], source: [n % 2 === 0 ? "100644" : "100755", source] };
    line.push(server.commit(n === 0 ? alice : bob, { parents: line.slice(-1), tree: treeOf(server, entries) }));
  }
  server.share();
  server.server.updateRef("refs/heads/main", line.at(-1) ?? "");
  for (const [name, value] of Object.entries(config)) server.server.config(name, value);
  const told = verify(server, server.server.dir, line);
  // Where objects lie elsewhere, too, git is asked for ids alone.
  const shared = join(server.server.root, "shared.git");
  server.server.git(["clone", "-q", "--bare", "--shared", server.server.dir, shared]);
  return { told, searched: verify(server, shared, line) };
}

function standing(server: PushServer, key = "keys/alice.pub", place = ".signpolicy.yaml"): Record<string, Entry> {
  const write = (text: string): Entry => ["100644", server.clone.write("blob", Buffer.from(text))];
  return { [place]: write(policy(key)), [key]: write(`${alice.key.line.trim()}\n`) };
}

const bobs = (server: PushServer): Entry => ["100644", server.clone.write("blob", Buffer.from("bob's own words"))];
const KEY = "keys/alice.pub";
const POLICY = ".signpolicy.yaml";

describe("what bob changes of the policy in the middle of a long history", () => {
  it("is nothing where he changes other files, and git is asked once", () =>
    withServer(null, (server) => {
      const begin = { ...standing(server), "keys/bob.pub": bobs(server) };
      const changes = { 70: { "keys/bob.pub": null }, 71: { "src/.signpolicy.yaml": bobs(server) } };
      const { told, searched } = judge(server, begin, changes);
      expect([told.status, told.denied]).toEqual([0, []]);
      expect(told.asked).not.toMatch(SEARCH);
      expect(searched.asked).toMatch(SEARCH);
      expect(searched.report).toBe(told.report);
    }));

  it.each<[string, (begin: Record<string, Entry>, own: Entry) => Entries]>([
    ["its words", (_, own) => ({ [POLICY]: own })],
    ["its mode", (begin) => ({ [POLICY]: ["100755", begin[POLICY]?.[1] ?? ""] })],
    ["a link in its place", (begin) => ({ [POLICY]: ["120000", begin[POLICY]?.[1] ?? ""] })],
    ["a submodule in its place", () => ({ [POLICY]: ["160000", "1".repeat(40)] })],
    ["a folder in its place", (_, own) => ({ [POLICY]: null, [`${POLICY}/in/side`]: own })],
    ["its absence", () => ({ [POLICY]: null })],
    ["a second place", (_, own) => ({ ".config/signpolicyrc": own })],
    ["a key file", (_, own) => ({ [KEY]: own })],
    ["the mode of a key file", (begin) => ({ [KEY]: ["120000", begin[KEY]?.[1] ?? ""] })],
    ["a file in place of the keys' folder", (_, own) => ({ [KEY]: null, keys: own })],
  ])("is told where git lists the commits, and where it is asked: %s (policy-change)", (_, change) =>
    withServer(null, (server) => {
      const begin = standing(server);
      const there = change(begin, bobs(server));
      const back = { ...Object.fromEntries(Object.keys(there).map((path) => [path, null])), ...begin };
      const { told, searched } = judge(server, begin, { 70: there, 80: back });
      expect(told.denied[0]).toEqual([70, "policy-change"]);
      expect(told.denied).toContainEqual([80, "policy-change"]);
      expect(told.asked).not.toMatch(SEARCH);
      expect(searched.report).toBe(told.report);
    }),
  );

  it("is told in a repository of SHA-256 as well (policy-change)", () =>
    withServer(
      null,
      (server) => {
        const begin = standing(server);
        const { told, searched } = judge(server, begin, { 70: { [KEY]: bobs(server) }, 80: begin });
        expect(told.denied[0]).toEqual([70, "policy-change"]);
        expect(told.asked).not.toMatch(SEARCH);
        expect(searched.report).toBe(told.report);
      },
      "sha256",
    ));

  it("is told whatever the clone's configuration asks of git (policy-change)", () =>
    withServer(null, (server) => {
      const ran = join(server.server.root, "ran");
      const program = join(server.server.root, "program");
      writeFileSync(program, `#!/bin/sh\n: >'${ran}'\n`, { mode: 0o755 });
      const config = {
        "diff.ignoreSubmodules": "all",
        "submodule.policy.path": POLICY,
        "submodule.policy.ignore": "all",
        "diff.relative": "true",
        "diff.external": program,
        "gpg.program": program,
        "gpg.ssh.program": program,
        "log.showSignature": "true",
        "color.ui": "always",
        "format.pretty": "oneline",
      };
      const begin = standing(server);
      const changes = {
        70: { [POLICY]: ["160000", "1".repeat(40)] },
        72: { [POLICY]: ["160000", "2".repeat(40)] },
        80: begin,
      } as const;
      const { told, searched } = judge(server, begin, changes, config);
      expect(searched.report).toBe(told.report);
      expect(told.denied.map(([at]) => at)).toEqual([70, 72, 80]);
      expect(told.asked).not.toMatch(SEARCH);
      expect(() => readFileSync(ran)).toThrow(/ENOENT/);
    }));

  it("is searched for where the policy keeps a file elsewhere (policy-change)", () =>
    withServer(null, (server) => {
      const begin = standing(server, "team/alice.pub");
      const { told, searched } = judge(server, begin, { 70: { "team/alice.pub": bobs(server) }, 80: begin });
      expect(told.denied[0]).toEqual([70, "policy-change"]);
      expect(told.asked).toMatch(SEARCH);
      expect(searched.report).toBe(told.report);
    }));

  it.each([".SignPolicy.yaml", "Keys/alice.pub"])(
    "is searched for where something looks like it: %s (policy-change)",
    (path) =>
      withServer(null, (server) => {
        const { told, searched } = judge(server, standing(server), { 70: { [path]: bobs(server) } });
        expect(told.denied).toEqual([[70, "policy-change"]]);
        expect(told.asked).toMatch(SEARCH);
        expect(searched.report).toBe(told.report);
      }),
  );

  it("is told among the first commits where something looks like it for a while (policy-change)", () =>
    withServer(null, (server) => {
      const path = ".SignPolicy.yaml";
      const { told, searched } = judge(server, standing(server), {
        40: { [path]: bobs(server) },
        50: { [path]: null },
      });
      expect(told.denied).toEqual([[40, "policy-change"]]);
      expect(searched.report).toBe(told.report);
    }));

  it("is told where its place holds folders within folders, which git does not follow to their end (policy-change)", () =>
    withServer(null, (server) => {
      const row = (mode: string, name: string, oid: string): Buffer =>
        Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, "hex")]);
      let folder = server.clone.write("tree", row("100644", "a", bobs(server)[1]));
      for (let depth = 0; depth < 12; depth += 1)
        folder = server.clone.write(
          "tree",
          Buffer.concat(Array.from("abcdefghij").map((name) => row("40000", name, folder))),
        );
      const begin = standing(server);
      const { told } = judge(server, begin, { 70: { [POLICY]: ["40000", folder] }, 80: begin });
      expect(told.denied[0]).toEqual([70, "policy-change"]);
    }));
});
