/**
 * `verify` takes a commit's bytes from git's list of a history where they hash to its name. What git prints is not always what
 * it stores, and a signer chooses what that is: judged are the stored bytes, whichever way they are read.
 */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { ObjectId } from "../../src/model.ts";
import { pgpPerson } from "../support/authenticated.ts";
import { alice, BIN, bob, eve, mainRule, policyOf, principal, PushServer } from "../support/push-server.ts";
import type { Repo } from "../support/repo.ts";

interface Said {
  readonly status: number | null;
  readonly decisions: readonly {
    readonly subject: { readonly oid: string };
    readonly allow: boolean;
    readonly findings: readonly { readonly code: string }[];
  }[];
}

function verify(repo: Repo, cwd: string, policy: readonly string[]): Said {
  const args = [BIN, "verify", "refs/heads/main", ...policy, "--format", "json"];
  const { status, stdout } = repo.run(process.execPath, args, { cwd });
  return { status, decisions: (JSON.parse(stdout.toString()) as Said).decisions };
}

/** The same history, from the texts that git prints and from the objects alone: there it may lie elsewhere. */
function bothWays({ server }: PushServer, policy: readonly string[]): readonly [Said, Said] {
  const shared = join(server.root, "shared.git");
  rmSync(shared, { recursive: true, force: true });
  server.git(["clone", "-q", "--bare", "--shared", server.dir, shared]);
  return [verify(server, server.dir, policy), verify(server, shared, policy)];
}

const givenTo = ({ server }: PushServer): readonly string[] => ["--policy", join(server.root, "policy.json")];

const MESSAGES = [
  "one",
  "one  \ntwo\t",
  "one\r\ntwo\r",
  "\n\n\none\n\n\n",
  "one\0two",
  `one\0${"1".repeat(40)}\ntree ${"2".repeat(40)}\n\ntwo`,
  "    one\n        two",
  "caf\xe9 \xff",
  "",
  "x".repeat(70_000),
  `${"0123456789abcdef\n".repeat(70_000)}x`,
];

describe("commits of which git prints something else than it stores", () => {
  it("are judged by their bytes: a good signature is good, and a stranger's is not (unknown-key)", () => {
    const scene = new PushServer(policyOf([mainRule]));
    try {
      let tip: ObjectId | null = null;
      const expected: [string, boolean][] = [];
      for (const [n, message] of MESSAGES.entries()) {
        const who = n % 4 === 3 ? eve : alice;
        tip = scene.commit(who, { message, ...(tip === null ? {} : { parents: [tip] }) });
        expected.push([tip, who === alice]);
      }
      scene.share();
      scene.server.updateRef("refs/heads/main", tip ?? "");
      const [printed, stored] = bothWays(scene, givenTo(scene));
      expect(printed).toEqual(stored);
      expect(printed.status).toBe(1);
      expect(printed.decisions.map(({ subject, allow }) => [subject.oid, allow])).toEqual(expected);
    } finally {
      scene.remove();
    }
  });

  it("are told where other bytes lie under a commit's name (replaced-object)", () => {
    const scene = new PushServer(policyOf([mainRule]));
    try {
      const first = scene.commit(alice);
      const good = scene.commit(alice, { parents: [first], message: "good" });
      const other = scene.commit(alice, { parents: [first], message: "other" });
      const tip = scene.commit(alice, { parents: [good] });
      scene.share();
      scene.server.updateRef("refs/heads/main", tip);
      const [from, to] = [other, good].map((oid) => {
        const path = [oid.slice(0, 2), oid.slice(2)] as const;
        return join(scene.server.gitDir, "objects", ...path);
      });
      scene.server.git(["unpack-objects", "-q"], {
        input: scene.clone.gitBytes(["pack-objects", "--stdout", "-q"], { input: `${other}\n` }),
      });
      rmSync(to ?? "");
      renameSync(from ?? "", to ?? "");
      const [printed, stored] = bothWays(scene, givenTo(scene));
      expect(printed).toEqual(stored);
      expect(printed.decisions.find(({ subject }) => subject.oid === good)).toMatchObject({
        allow: false,
        findings: [{ code: "replaced-object" }],
      });
      expect(printed.decisions.filter(({ allow }) => allow)).toHaveLength(2);
    } finally {
      scene.remove();
    }
  });
});

/** What hides from git's log what it is asked about, where the log is read as people like to read it. */
const HIDING = [
  ["log.showRoot", "false"],
  ["log.showSignature", "true"],
  ["log.follow", "true"],
  ["color.ui", "always"],
  ["diff.relative", "true"],
  ["diff.ignoreSubmodules", "all"],
  ["diff.orderFile", "no-such-file"],
] as const;

describe("a policy that others change behind many commits, and change back", () => {
  const [pat, other] = [pgpPerson("pat", 91), pgpPerson("pat", 92)];
  const policy = (serial: number, more: object = {}, file = "keys/pat.asc"): string =>
    JSON.stringify({
      version: 1,
      serial,
      principals: {
        alice: principal(alice),
        bob: principal(bob),
        pat: { emails: ["pat@example.org"], keys: [{ openpgp: file }] },
        ...more,
      },
      rules: [{ ...mainRule, commits: { signedBy: ["*"] } }],
      administration: { rules: ["alice"], principals: ["alice"], keys: ["alice"], exempt: ["alice"] },
    });
  type Files = Readonly<Record<string, string>>;
  const eves = (file?: string): Files => ({ ".signpolicy.json": policy(2, { eve: principal(eve) }, file) });
  const restored = (file?: string): Files => ({ ".signpolicy.json": policy(3, {}, file) });
  const ELSEWHERE = "certificates/pat.asc";
  const none = (): Files => ({});
  const beside = (n: number): Files => ({ "keys/of-a-game": String(n) });

  it.each([
    ["its file", "keys/pat.asc", none, eves(), restored()],
    ["its file, behind others that change the folder of its keys", "keys/pat.asc", beside, eves(), restored()],
    [
      "a key file",
      "keys/pat.asc",
      none,
      { "keys/pat.asc": other.certificate() },
      { "keys/pat.asc": pat.certificate() },
    ],
    [
      "a key file, behind others that change its folder",
      "keys/pat.asc",
      beside,
      { "keys/pat.asc": other.certificate() },
      { "keys/pat.asc": pat.certificate() },
    ],
    [
      "a key file in another folder",
      ELSEWHERE,
      none,
      { [ELSEWHERE]: other.certificate() },
      { [ELSEWHERE]: pat.certificate() },
    ],
    ["another place", "keys/pat.asc", none, { ".signpolicyrc": policy(1) }, { ".signpolicyrc": "" }],
  ])("is told both ways where they change %s (policy-change)", (_, file, lead, there, back) => {
    const scene = new PushServer(null, "sha1", { hooks: false });
    try {
      const files = { ".signpolicy.json": policy(1, {}, file), [file]: pat.certificate() };
      let tip = scene.commit(alice, { files });
      for (let n = 0; n < 66; n += 1) tip = scene.commit(bob, { parents: [tip], files: lead(n) });
      const changed = scene.commit(bob, { parents: [tip], files: there });
      const mended = scene.commit(alice, { parents: [changed], files: { ...back, a: "1" } });
      const last = scene.commit(bob, { parents: [mended], files: { a: "2" } });
      const tree = scene.tree({ ...files, ".signpolicy.json": policy(4, {}, file) });
      const end = scene.commit(alice, { parents: [last], tree });
      scene.share();
      scene.server.updateRef("refs/heads/main", end);
      for (const [name, value] of HIDING) scene.server.config(name, value);
      const [printed, stored] = bothWays(scene, ["--policy-ref", "refs/heads/main"]);
      expect(printed).toEqual(stored);
      const denied = printed.decisions.filter(({ allow }) => !allow);
      expect(denied.map(({ subject }) => subject.oid)).toContain(changed);
      expect(denied.find(({ subject }) => subject.oid === changed)?.findings[0]?.code).toBe("policy-change");
      for (const oid of [tip, last]) {
        expect(printed.decisions.find(({ subject }) => subject.oid === oid)?.allow).toBe(true);
      }
    } finally {
      scene.remove();
    }
  });
});
