/**
 * `verify` of what it allowed before: the same answer without judging again, and everything that ends that. Attacks on what
 * is kept for it: test/attacks/forged-frontier.test.ts, and around it: test/attacks/stale-frontier.test.ts.
 */
import { describe, expect, it } from "@jest/globals";
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { recallRun } from "../../src/check/frontier-runs.ts";
import { FrontierScene, withFrontier, type Answer } from "../support/frontier.ts";
import { alice, BIN, bob, mainRule, policyOf, principal } from "../support/push-server.ts";

const ALLOWED = { status: 0, repeated: false };

/** The second run says what the first did, without git. */
function expectRepeated(scene: FrontierScene, args?: readonly string[]): Answer {
  const first = scene.verify(args);
  expect(first).toMatchObject(ALLOWED);
  const second = scene.verify(args);
  expect(second).toStrictEqual({ ...first, repeated: true });
  return second;
}

/** Everything is judged, and judged again. */
function expectJudged(scene: FrontierScene, expected: object, args?: readonly string[]): void {
  expect(scene.verify(args)).toMatchObject({ repeated: false, ...expected });
  expect(scene.verify(args)).toMatchObject({ repeated: false, ...expected });
}

/** What `change` does is seen: everything is judged again. */
const endedBy = (change: (scene: FrontierScene) => void, expected: object = ALLOWED, policy?: object) =>
  withFrontier((scene) => {
    scene.grow();
    expectRepeated(scene);
    change(scene);
    expect(scene.verify()).toMatchObject({ repeated: false, ...expected });
  }, policy);

/** What is kept was written by the program, and is read here as it reads it. */
const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string };
Object.assign(globalThis, { SIGNPOLICY_VERSION: version });

describe("verify of what it allowed before", () => {
  it("says the same again, by the same words, and starts no git", () =>
    withFrontier((scene) => {
      const tip = scene.grow(3);
      expect(expectRepeated(scene).text).toContain("3 commits checked on refs/heads/main, all allowed");
      for (const args of [
        [],
        ["HEAD"],
        ["main"],
        [tip],
        [`${tip}~1..HEAD`],
        ["--all"],
        ["-q"],
        ["main", "--as", "main"],
      ])
        expectRepeated(scene, args);
      // Each is remembered beside the others.
      expect(scene.verify()).toMatchObject({ status: 0, repeated: true });
    }));

  it("says the same of tags, of exempt commits and of an empty range", () =>
    withFrontier((scene) => {
      const unsigned = scene.pushes.commit(null);
      scene.pushes.setPolicy(
        policyOf([mainRule, { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["devs"], target: "any" } }], {
          trust: { exempt: [{ reachableFrom: unsigned, reason: "before signing" }] },
        }),
      );
      scene.put(scene.pushes.commit(alice, { parents: [unsigned] }));
      scene.put(scene.pushes.tag(alice, "v1", unsigned), "refs/tags/v1");
      expect(expectRepeated(scene, ["main"]).text).toContain("(1 exempt)");
      expect(expectRepeated(scene, ["--tags"]).text).toContain("1 tag checked on refs/tags/v1");
      expect(expectRepeated(scene, ["main..main"]).text).toContain("nothing to check");
    }));

  it("is kept in a file that nobody else can read or write, put there as a whole", () =>
    withFrontier((scene) => {
      scene.grow();
      scene.verify();
      const first = statSync(scene.file);
      expect(first.mode & 0o777).toBe(0o600);
      scene.grow(1);
      scene.verify();
      expect(statSync(scene.file).ino).not.toBe(first.ino);
      expect(readdirSync(dirname(scene.file)).filter((name) => name.startsWith("frontier"))).toEqual(["frontier"]);
    }));

  it("is kept for one policy and the tips that it allowed", () =>
    withFrontier((scene) => {
      scene.grow();
      const { text } = scene.verify();
      const [run] = scene.kept();
      expect(run?.policy.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(text).toContain(run?.policy.digest.slice(0, 19));
      expect(run?.summary).toEqual({ checked: 2, allowed: 2, denied: 0, exempt: 0, warned: 0 });
    }));

  it("lists every decision anew where a program or --verbose asks for them", () =>
    withFrontier((scene) => {
      scene.grow();
      expectRepeated(scene);
      for (const words of [
        ["--format", "json"],
        ["--format=sarif"],
        ["--format", "junit"],
        ["--format", "github"],
        ["-v"],
      ]) {
        expect(scene.verify(["main", ...words])).toMatchObject(ALLOWED);
        expect(scene.verify(["main", ...words])).toMatchObject(ALLOWED);
      }
      expect(scene.kept()).toHaveLength(1);
    }));

  it("does not stand in for --at, a trust root, --via or an exported record", () =>
    withFrontier((scene) => {
      const policy = JSON.stringify(policyOf([mainRule]));
      const root = scene.pushes.commit(alice, { files: { ".signpolicy.json": policy } });
      scene.put(scene.pushes.commit(alice, { parents: [root] }));
      for (const words of [
        ["--at", "2099-01-01T00:00:00Z"],
        ["--trust-root", root],
        ["--trust-root", root, "--via", root],
      ])
        expectJudged(scene, { repeated: false }, ["main", ...words]);
      expect(scene.kept()).toEqual([]);
      scene.repo.git(["config", "--unset", "signpolicy.policy"]);
      scene.repo.config("signpolicy.trustRoot", root);
      expectJudged(scene, ALLOWED);
      expect(scene.kept()).toEqual([]);
    }));

  it("keeps nothing that was denied or warned about, and forgets what was allowed before", () =>
    withFrontier((scene) => {
      scene.grow();
      scene.verify();
      expect(scene.kept()).toHaveLength(1);
      scene.put(scene.pushes.commit(null, { parents: [scene.grow(1)] }));
      expectJudged(scene, { status: 1, repeated: false });
      expect(scene.kept()).toEqual([]);
      scene.pushes.setPolicy(policyOf([{ ...mainRule, commits: { signedBy: ["devs"], level: "warn" } }]));
      expectJudged(scene, ALLOWED);
      expect(scene.kept()).toEqual([]);
    }));
});

describe("what ends it", () => {
  it("a commit more, signed or not", async () => {
    await endedBy((scene) => scene.grow(1));
    await endedBy((scene) => scene.put(scene.pushes.commit(null, { parents: [scene.grow(1)] })), { status: 1 });
  });

  it("a ref that moves, comes or goes, also one that was not asked for", async () => {
    await endedBy((scene) => scene.repo.updateRef("refs/tags/main", scene.pushes.value("refs/heads/main") ?? ""));
    await endedBy((scene) => scene.repo.git(["pack-refs", "--all"]));
    await endedBy((scene) => scene.repo.git(["symbolic-ref", "HEAD", "refs/heads/other"]));
  });

  it("a policy that changes in any way", async () => {
    const strict = policyOf([{ ...mainRule, commits: { signedBy: ["bob"] } }]);
    await endedBy((scene) => scene.pushes.setPolicy(strict), { status: 1 });
    await endedBy((scene) => scene.pushes.setPolicy(`${JSON.stringify(policyOf([mainRule]))}\n`));
  });

  it("a key that changes in its file, is revoked or marked", async () => {
    const keyed = (mark: object) =>
      policyOf([mainRule], {
        principals: { alice: { ...principal(alice), keys: [{ ssh: "keys/alice.pub", ...mark }] }, bob: principal(bob) },
      });
    const putKey = (scene: FrontierScene, line: string) => {
      mkdirSync(join(scene.repo.root, "keys"), { recursive: true });
      writeFileSync(join(scene.repo.root, "keys", "alice.pub"), line);
    };
    await withFrontier((scene) => {
      putKey(scene, alice.key.line);
      scene.pushes.setPolicy(keyed({}));
      scene.grow();
      expectRepeated(scene);
      putKey(scene, bob.key.line);
      expect(scene.verify().status).not.toBe(0);
      // What it was is what was judged.
      putKey(scene, alice.key.line);
      expect(scene.verify()).toMatchObject({ status: 0, repeated: true });
      scene.pushes.setPolicy(keyed({ compromised: true }));
      expect(scene.verify()).toMatchObject({ status: 1, repeated: false });
    });
  });

  it("a policy that is a ref's, when the ref has another", () =>
    withFrontier((scene) => {
      scene.repo.git(["config", "--unset", "signpolicy.policy"]);
      const policy = (rules: readonly object[]) => ({ ".signpolicy.json": JSON.stringify(policyOf(rules)) });
      const first = scene.pushes.commit(alice, { files: policy([mainRule]) });
      scene.put(first);
      expectRepeated(scene);
      scene.put(scene.pushes.commit(alice, { parents: [first], files: policy([{ ...mainRule, name: "other" }]) }));
      expectRepeated(scene);
      scene.put(scene.pushes.commit(null, { parents: [first], files: policy([]) }));
      expect(scene.verify().status).not.toBe(0);
    }));

  it("an object that is lost, or written to", async () => {
    const objectOf = (scene: FrontierScene): string => {
      const oid = scene.repo.git(["rev-parse", "main~1"]);
      return join(scene.repo.gitDir, "objects", oid.slice(0, 2), oid.slice(2));
    };
    await endedBy((scene) => rmSync(objectOf(scene)), { status: 1 });
    await endedBy(
      (scene) => {
        const file = objectOf(scene);
        const bytes = readFileSync(file);
        const { atime, mtime } = statSync(file);
        bytes.fill(0, bytes.length >> 1);
        rmSync(file);
        writeFileSync(file, bytes);
        utimesSync(file, atime, mtime);
      },
      { status: 1 },
    );
    await endedBy((scene) => scene.repo.git(["repack", "-adq"]));
  });

  it("the repository's configuration", () =>
    endedBy((scene) => scene.repo.config("signpolicy.policy", join(scene.repo.root, "none.json")), { status: 2 }));

  it("another git, another program, another folder, and variables that lead git elsewhere", () =>
    withFrontier((scene) => {
      scene.grow();
      expectRepeated(scene);
      const elsewhere = { env: { GIT_DIR: scene.repo.gitDir } };
      expect(scene.verify(["refs/heads/main"], elsewhere)).toMatchObject(ALLOWED);
      expect(scene.verify(["refs/heads/main"], { cwd: join(scene.repo.dir, "objects") })).toMatchObject(ALLOWED);
      const newer = newerProgram(scene);
      expect(scene.verify(["refs/heads/main"], { program: newer })).toMatchObject(ALLOWED);
      expect(scene.verify(["refs/heads/main"], { program: newer })).toMatchObject({ status: 0, repeated: true });
      expect(scene.verify()).toMatchObject({ status: 0, repeated: true });
      writeFileSync(
        join(scene.repo.root, "bin", "git"),
        `${readFileSync(join(scene.repo.root, "bin", "git"), "utf8")}\n`,
      );
      expect(scene.verify()).toMatchObject(ALLOWED);
    }));

  it("a moment that a verdict hangs on, and a clock that goes back", async () => {
    const soon = Math.floor(Date.now() / 1000) + 86_400;
    const when = new Date(soon * 1000).toISOString().replace(/\.\d+/, "");
    const windowed = {
      principals: {
        alice: principal(alice, { keys: [{ ssh: alice.key.line.trim(), until: when }] }),
        bob: principal(bob),
      },
    };
    const policies = [
      policyOf([mainRule], windowed),
      policyOf([{ ...mainRule, commits: { signedBy: ["devs"], enforceFrom: when } }]),
      policyOf([mainRule], { trust: { exempt: [{ commit: "1".repeat(40), reason: "bug", until: when }] } }),
      policyOf([mainRule], { groups: { devs: [{ principal: "alice", until: when }, "bob"] } }),
    ];
    for (const policy of policies) {
      await withFrontier((scene) => {
        scene.grow();
        const { cwd, env, words } = {
          cwd: scene.repo.dir,
          env: { ...scene.repo.env, PATH: scene.path },
          words: ["verify", "refs/heads/main"],
        };
        expectRepeated(scene);
        const [run] = scene.kept();
        expect(run?.until).toBe(soon);
        const recalled = (now: number) => recallRun(scene.program, cwd, env, words, now);
        expect(recalled(soon - 1)).toEqual(run);
        expect(recalled(soon)).toBeNull();
        expect(recalled((run?.at ?? 0) - 1)).toBeNull();
      }, policy);
    }
  });

  it("never begins where a verdict hangs on more than history and policy", async () => {
    const threshold = [{ ...mainRule, commits: { signedBy: ["devs"], threshold: 1 } }];
    const marked = {
      principals: {
        alice: principal(alice),
        bob: principal(bob, { keys: [{ ssh: bob.key.line.trim(), compromised: true }] }),
      },
    };
    const certified = {
      principals: { alice: principal(alice), bob: principal(bob, { keys: [{ sshCa: bob.key.line.trim() }] }) },
    };
    for (const policy of [policyOf(threshold), policyOf([mainRule], marked), policyOf([mainRule], certified)]) {
      await withFrontier((scene) => {
        scene.grow();
        expectJudged(scene, ALLOWED);
        expect(scene.kept()).toEqual([]);
      }, policy);
    }
  });

  it("looks at all that the user's configuration may include, and never begins where that cannot be told", () =>
    withFrontier((scene) => {
      scene.grow();
      const home = join(scene.repo.root, "home");
      mkdirSync(home, { recursive: true });
      const at = { env: { HOME: home, XDG_CONFIG_HOME: join(home, "none") } };
      const verify = () => scene.verify(undefined, at);
      const put = (file: string, text: string): void => writeFileSync(join(home, file), text);
      put(".gitconfig", '[include]\n\tpath = more\n[includeIf "gitdir:~/job/"]\n\tpath = ~/job.inc\n');
      for (const text of ["", "[user]\n\tname = x\n"]) {
        for (const file of ["more", "job.inc"]) {
          put(file, text);
          expect(verify()).toMatchObject(ALLOWED);
          expect(verify()).toMatchObject({ status: 0, repeated: true });
        }
      }
      put("more", "[include] path = other\n");
      expect(verify()).toMatchObject(ALLOWED);
      expect(verify()).toMatchObject(ALLOWED);
    }));

  it("never begins where objects or configuration lie elsewhere too", () =>
    withFrontier((scene) => {
      scene.grow();
      writeFileSync(join(scene.repo.gitDir, "objects", "info", "alternates"), `${scene.pushes.clone.gitDir}/objects\n`);
      expectJudged(scene, ALLOWED);
      rmSync(join(scene.repo.gitDir, "objects", "info", "alternates"));
      scene.repo.config("include.path", join(scene.repo.root, "more"));
      expectJudged(scene, ALLOWED);
      expect(scene.kept()).toEqual([]);
    }));
});

describe("in a work tree", () => {
  it("may be a linked one, or a folder below its top, each for itself", () =>
    withFrontier((scene) => {
      const { clone } = scene.pushes;
      const first = scene.pushes.commit(alice, { files: { ".signpolicy.json": JSON.stringify(policyOf([mainRule])) } });
      clone.updateRef("refs/heads/main", first);
      clone.git(["checkout", "-qf", "main"]);
      const linked = join(clone.root, "linked");
      clone.git(["worktree", "add", "-q", "--detach", linked]);
      mkdirSync(join(clone.dir, "below"));
      for (const cwd of [clone.dir, join(clone.dir, "below"), linked]) {
        expect(scene.verify(undefined, { cwd })).toMatchObject(ALLOWED);
        expect(scene.verify(undefined, { cwd })).toMatchObject({ status: 0, repeated: true });
      }
      clone.git(["-C", linked, "checkout", "-qb", "other"]);
      expect(scene.verify(undefined, { cwd: linked })).toMatchObject(ALLOWED);
      writeFileSync(join(linked, ".signpolicy.json"), "{}");
      expect(scene.verify(undefined, { cwd: linked }).repeated).toBe(false);
      expect(scene.verify(undefined, { cwd: clone.dir }).repeated).toBe(false);
    }));

  it("sees the files in it that are looked at, and says the same notes again", () =>
    withFrontier((scene) => {
      const { clone } = scene.pushes;
      const policy = JSON.stringify(policyOf([mainRule]));
      clone.updateRef("refs/heads/main", scene.pushes.commit(alice));
      writeFileSync(join(clone.dir, ".signpolicy.json"), policy);
      const verify = () => scene.verify(["main"], { cwd: clone.dir });
      const first = verify();
      expect(first.text).toContain("proves nothing about itself");
      expect(verify()).toStrictEqual({ ...first, repeated: true });
      writeFileSync(join(clone.dir, ".signpolicy.yaml"), policy);
      expect(verify()).toMatchObject({ status: 2, repeated: false });
      rmSync(join(clone.dir, ".signpolicy.yaml"));
      writeFileSync(join(clone.dir, ".signpolicy.js"), "");
      expect(verify()).toMatchObject({ status: 2, repeated: false });
      rmSync(join(clone.dir, ".signpolicy.js"));
      expect(verify()).toMatchObject({ status: 0 });
      writeFileSync(
        join(clone.dir, ".signpolicy.json"),
        JSON.stringify(policyOf([{ ...mainRule, commits: { signedBy: ["bob"] } }])),
      );
      expect(verify()).toMatchObject({ status: 1, repeated: false });
      expect(scene.kept(clone)).toEqual([]);
    }));
});

/** The same program as a release after it would be: another name for what it loads. */
function newerProgram(scene: FrontierScene): string {
  const folder = join(scene.repo.root, "newer");
  cpSync(dirname(BIN), join(folder, "dist"), { recursive: true });
  const start = join(folder, "dist", "signpolicy.cjs");
  const main = /main-[\w-]+\.cjs/.exec(readFileSync(start, "utf8"))?.[0] ?? "";
  renameSync(join(folder, "dist", main), join(folder, "dist", "main-newer.cjs"));
  // Others load it by its name.
  for (const name of readdirSync(join(folder, "dist"))) {
    const path = join(folder, "dist", name);
    const text = readFileSync(path, "utf8");
    if (text.includes(main)) writeFileSync(path, text.replaceAll(main, "main-newer.cjs"));
  }
  return start;
}
