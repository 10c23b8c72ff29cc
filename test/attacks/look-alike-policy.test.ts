/**
 * Attack: bob, who may not change the policy, adds `.SignPolicy.yaml`, or another spelling that macOS, Windows or HFS+ keep in
 * the place of `.signpolicy.yaml`; a clone there checks out his words as the policy, and whoever edits that file next, by
 * `signpolicy keys add` or by hand, commits them as the policy. The same with a key file that the policy names.
 * Stopped by: check/look-alikes.ts, told by the commit that brings such an entry, whoever signs it (policy-change).
 */
import { describe, expect, it, jest } from "@jest/globals";
import { lookAlikesAmong } from "../../src/check/look-alikes.ts";
import { POLICY_PATHS } from "../../src/check/tree-policy.ts";
import { withHistory, policyText } from "../support/authenticated.ts";
import { alice, bob, principal, withServer, type Person, type PushServer } from "../support/push-server.ts";

jest.setTimeout(120_000);

const KEY = "keys/alice-of-the-office.pub";
const rules = [{ name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } }];
const policy = (place: "yaml" | "package" = "yaml"): string => {
  const filed = { name: "alice", emails: [alice.email], keys: [{ ssh: KEY }] };
  const text = {
    version: 1,
    principals: { alice: filed, bob: principal(bob) },
    administration: { rules: ["alice"], principals: ["alice"], keys: ["alice"], exempt: ["alice"], threshold: 1 },
    rules,
  };
  return JSON.stringify(place === "yaml" ? text : { name: "x", signpolicy: text });
};

interface Standing {
  readonly entries: readonly (readonly [string, string, string])[];
  readonly tip: string;
}

/** alice's first commit on main: the policy in one of its places, and her key file. */
function begin(server: PushServer, file = ".signpolicy.yaml"): Standing {
  const key = server.clone.write("blob", Buffer.from(`${alice.key.line.trim()}\n`));
  const text = server.clone.write("blob", Buffer.from(policy(file === "package.json" ? "package" : "yaml")));
  const entries = [
    ["100644", file, text],
    ["100644", KEY, key],
    ["100644", "src/a", text],
  ] as const;
  server.hooks(false);
  const tip = server.commit(alice, { tree: treeOf(server, entries) });
  expect(server.push([`${tip}:refs/heads/main`]).status).toBe(0);
  server.hooks(true);
  return { entries, tip };
}

type Entry = readonly [string, string, string];

/** A tree of raw entries by path, whatever names git would refuse. */
function treeOf(server: PushServer, entries: readonly Entry[]): string {
  const folders = new Map<string, Entry[]>();
  const here: Entry[] = [];
  for (const entry of entries) {
    const [mode, path, oid] = entry;
    const slash = path.indexOf("/");
    if (slash === -1) here.push(entry);
    else
      folders.set(path.slice(0, slash), [
        ...(folders.get(path.slice(0, slash)) ?? []),
        [mode, path.slice(slash + 1), oid],
      ]);
  }
  for (const [name, inner] of folders) here.push(["40000", name, treeOf(server, inner)]);
  const rows = here.map(([mode, name, oid]) => {
    const bytes = Buffer.from(name, "latin1");
    const key = Buffer.concat([bytes, Buffer.from(mode === "40000" ? "/" : "")]);
    return { key, raw: Buffer.concat([Buffer.from(`${mode} `), bytes, Buffer.from([0]), Buffer.from(oid, "hex")]) };
  });
  return server.clone.write("tree", Buffer.concat(rows.sort((a, b) => a.key.compare(b.key)).map(({ raw }) => raw)));
}

const bytes = (path: string): string => Buffer.from(path).toString("latin1");

/** A commit on main that adds an entry to what stands there. */
function adding(server: PushServer, { entries, tip }: Standing, who: Person, path: string, mode = "100644"): string {
  const blob = server.clone.write("blob", Buffer.from("bob's own words"));
  const target = mode === "40000" ? treeOf(server, [["100644", "inside", blob]]) : blob;
  return server.commit(who, { parents: [tip], tree: treeOf(server, [...entries, [mode, path, target]]) });
}

const folded = (text: string): string => text.replace(/\s+(?:remote: )?(?:error|hint):\s+/g, " ");

const POLICIES: readonly (readonly [string, string])[] = [
  ["upper case", ".SignPolicy.yaml"],
  ["upper case of another place", ".SIGNPOLICY.JSON"],
  ["upper case of a folder", ".Config/signpolicyrc"],
  ["an invisible character (HFS+)", ".sign\u200Cpolicy.yaml"],
  ["a full-width letter", ".\uFF53ignpolicy.yaml"],
  ["a long s, which is s in upper case", ".\u017Fignpolicy.yaml"],
  ["a trailing dot (Windows)", ".signpolicy.yaml."],
  ["a trailing blank (Windows)", ".signpolicy.yaml "],
  ["a stream (NTFS)", ".signpolicy.yaml::$DATA"],
  ["a short name (NTFS)", "SIGNPO~1.YAM"],
  ["a backslash (Windows)", ".config\\signpolicyrc"],
];
const KEYS: readonly (readonly [string, string])[] = [
  ["upper case", "keys/Alice-of-the-office.pub"],
  ["upper case of its folder", "KEYS/alice-of-the-office.pub"],
  ["a combining character", "keys/alice-of-the-office.p\u200Bub"],
  ["a short name (NTFS)", "keys/ALICE-~1.PUB"],
  ["a backslash (Windows)", "keys\\alice-of-the-office.pub"],
];
const OTHERS = [
  ".signpolicy.yaml.orig",
  "docs/.SignPolicy.yaml",
  "Package.json",
  "Keys/bob.pub",
  ".config/other",
  "notes~1.txt",
];

describe("what a file system that folds names takes for the policy", () => {
  it.each([...POLICIES, ...KEYS])("is refused, whoever brings it: %s, %j (policy-change)", (_, path) =>
    withServer(null, (server) => {
      const standing = begin(server);
      for (const who of [bob, alice]) {
        const { status, text } = server.pushRaw("refs/heads/main", adding(server, standing, who, bytes(path)));
        expect(status).toBe(1);
        expect(text).toContain("policy-change");
        expect(folded(text)).toContain("stands in the place of");
      }
    }),
  );

  it("is told of the same files where they are listed, as an index or a work tree lists them", () => {
    const told = (path: string) => lookAlikesAmong(["README.md", bytes(path)], [...POLICY_PATHS, KEY]).length;
    for (const [, path] of [...POLICIES, ...KEYS]) expect([path, told(path)]).toEqual([path, 1]);
    for (const [, path] of POLICIES) expect([path, told(`${path}/inside`)]).toEqual([path, 1]);
    expect(told("Keys")).toBe(1);
    for (const path of [...OTHERS, ...POLICY_PATHS, KEY, "keys", "keys/bob.pub", "signpolicy.yaml"])
      expect([path, told(path)]).toEqual([path, path === "Package.json" ? 1 : 0]);
  });

  it.each(OTHERS)("is not what stands elsewhere, or where nothing of the policy would: %j (policy-change)", (path) =>
    withServer(null, (server) => {
      const standing = begin(server);
      expect(server.pushRaw("refs/heads/main", adding(server, standing, bob, path)).status).toBe(0);
    }),
  );

  it.each([
    ["a symbolic link", "120000"],
    ["a submodule", "160000"],
    ["an executable", "100755"],
    ["a folder", "40000"],
  ])("is refused as %s, in its place and in that of a folder on the way (policy-change)", (_, mode) =>
    withServer(null, (server) => {
      const standing = begin(server);
      for (const path of [".SIGNPOLICY.yaml", ...(mode === "40000" ? [] : ["Keys"])]) {
        expect(server.pushRaw("refs/heads/main", adding(server, standing, bob, path, mode)).text).toContain(
          "policy-change",
        );
      }
      expect(server.pushRaw("refs/heads/main", adding(server, standing, bob, "Signpolicy", mode)).status).toBe(0);
    }),
  );

  it("is refused beside package.json only where one of the two holds a policy (policy-change)", () =>
    withServer(null, (server) => {
      const standing = begin(server);
      const holding = server.clone.write("blob", Buffer.from(policy("package")));
      const tree = treeOf(server, [...standing.entries, ["100644", "Package.json", holding]]);
      const taken = server.commit(bob, { parents: [standing.tip], tree });
      expect(server.pushRaw("refs/heads/main", taken).text).toContain("policy-change");
      expect(server.pushRaw("refs/heads/main", adding(server, standing, bob, "Package.json")).status).toBe(0);
    }));

  it("is refused beside the package.json that holds the policy (policy-change)", () =>
    withServer(null, (server) => {
      const standing = begin(server, "package.json");
      expect(server.pushRaw("refs/heads/main", adding(server, standing, bob, "Package.json")).text).toContain(
        "policy-change",
      );
      expect(server.pushRaw("refs/heads/main", adding(server, standing, bob, "Packages.json")).status).toBe(0);
    }));

  it("that is there already is told by verify, and hinders nobody, whoever takes it away (policy-change)", () =>
    withServer(null, (server) => {
      const standing = begin(server);
      server.hooks(false);
      const brought = adding(server, standing, bob, ".SignPolicy.yaml");
      expect(server.push([`${brought}:refs/heads/main`]).status).toBe(0);
      server.hooks(true);
      const told = server.verify(["refs/heads/main"]);
      expect(told.status).toBe(1);
      expect(told.text).toContain("policy-change");
      const onTop = server.commit(bob, {
        parents: [brought],
        files: {},
        tree: server.clone.git(["rev-parse", `${brought}^{tree}`]),
      });
      expect(server.push([`${onTop}:refs/heads/main`]).status).toBe(0);
      const without = server.commit(bob, { parents: [onTop], tree: treeOf(server, standing.entries) });
      expect(server.push([`${without}:refs/heads/main`]).status).toBe(0);
    }));

  it("is found in a range too long to compare every tree, and by the commit that brought it (policy-change)", () =>
    withServer(null, (server) => {
      const standing = begin(server);
      const line = (from: string): readonly string[] => {
        const oids = [from];
        const tree = server.clone.git(["rev-parse", `${from}^{tree}`]);
        for (let n = 0; n < 70; n += 1) oids.push(server.commit(bob, { parents: [oids.at(-1) ?? ""], tree }));
        return oids;
      };
      const brought = adding(server, { ...standing, tip: line(standing.tip).at(-1) ?? "" }, bob, ".SignPolicy.yaml");
      const tip = line(brought).at(-1) ?? "";
      const { status, text } = server.push([`${tip}:refs/heads/main`]);
      expect(status).not.toBe(0);
      expect(text).toContain(`${brought.slice(0, 8)} policy-change`);
      const plain = adding(server, { ...standing, tip: line(standing.tip).at(-1) ?? "" }, bob, ".SignPolice.yaml");
      expect(server.push([`${line(plain).at(-1) ?? ""}:refs/heads/main`]).status).toBe(0);
    }));

  it("is refused from a trust root, too (policy-change)", () =>
    withHistory(async (history) => {
      const root = history.root(policyText({ people: [alice, bob] }));
      const files = (name: string): string => history.commit(bob, [root], { [name]: "x" });
      const refused = await history.verify(root, [files(".SignPolicy.json")]);
      expect(refused.codes).toEqual(["policy-change"]);
      expect((await history.verify(root, [files("SignPolicy.json")])).allowed).toBe(true);
    }));
});
