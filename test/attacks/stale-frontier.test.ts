/**
 * Attack: what `verify` looks at is changed without anything that it looks at again showing it, so that it says again what it said
 * of something else. Each of these comes with a fetch, a checkout or an installation, and needs nobody to write into `.git`.
 * Stopped by: io/surroundings.ts (refs by their bytes, what a name means, whose repository this is), check/frontier-watched.ts
 * (which words can be told at all, what judges), check/frontier.ts (what moved while it was looked at).
 */
import { describe, expect, it } from "@jest/globals";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { readFrontier } from "../../src/io/frontier-file.ts";
import { groundOf, seePlace, stillOf } from "../../src/io/surroundings.ts";
import { withFrontier, type FrontierScene } from "../support/frontier.ts";
import { BIN, mainRule, policyOf } from "../support/push-server.ts";

const everyBranch = policyOf([{ ...mainRule, refs: ["refs/heads/**"] }]);

interface Tips {
  readonly good: string;
  /** Unsigned, and in the repository already: when a ref comes to name it no object does. */
  readonly bad: string;
}

/** A signed and an unsigned commit are here, and `body` gets from one to the other; refs/heads/main stays good. */
const withTips = (body: (scene: FrontierScene, tips: Tips) => void | Promise<void>) =>
  withFrontier((scene) => {
    const good = scene.grow(2);
    const bad = scene.pushes.commit(null, { parents: [good] });
    scene.pushes.share();
    return body(scene, { good, bad });
  }, everyBranch);

/** The run is kept, `change` brings in what is unsigned, and that is told. */
function expectSeen(scene: FrontierScene, args: readonly string[], change: () => void, cwd = scene.repo.dir): void {
  expect(scene.verify(args, { cwd })).toMatchObject({ status: 0, repeated: false });
  expect(scene.verify(args, { cwd })).toMatchObject({ status: 0, repeated: true });
  change();
  expect(scene.verify(args, { cwd })).toMatchObject({ status: 1, repeated: false });
}

describe("a ref that moves to what is here already", () => {
  it("is seen below a folder whose name is no ASCII", () =>
    withTips((scene, { good, bad }) => {
      for (const name of ["功能/x", "caf\u00e9/x", "\u00fc\u4e2d/\u0101/y"]) {
        scene.put(good, `refs/heads/${name}`);
        expectSeen(scene, ["--all"], () => scene.repo.updateRef(`refs/heads/${name}`, bad));
        scene.repo.git(["update-ref", "-d", `refs/heads/${name}`]);
      }
    }));

  it("is seen where its name is no UTF-8", () =>
    withTips((scene, { good, bad }) => {
      const bytes = (text: string): Buffer => Buffer.from(join(scene.repo.gitDir, "refs", "heads", text), "latin1");
      const file = bytes("f\xe9\xff");
      writeFileSync(file, `${good}\n`);
      expectSeen(scene, ["--all"], () => writeFileSync(file, `${bad}\n`));
      rmSync(file);
      mkdirSync(bytes("d\xe9"));
      writeFileSync(bytes("d\xe9/x"), `${good}\n`);
      expectSeen(scene, ["--all"], () => writeFileSync(bytes("d\xe9/x"), `${bad}\n`));
    }));

  it("is seen in packed refs of the same size", () =>
    withTips((scene, { good, bad }) => {
      scene.repo.updateRef("refs/heads/other", good);
      scene.repo.git(["pack-refs", "--all"]);
      const file = join(scene.repo.gitDir, "packed-refs");
      const moved = readFileSync(file, "latin1").replace(`${good} refs/heads/other`, `${bad} refs/heads/other`);
      // Not as git does it, by a new file: as it looks where a new file has the old one's number, and times are in seconds.
      expectSeen(scene, ["--all"], () => writeFileSync(file, moved));
    }));
});

describe("a name in the git directory that means another object", () => {
  it("is seen for what was fetched last: FETCH_HEAD", () =>
    withTips((scene, { good, bad }) => {
      const { server, clone } = scene.pushes;
      clone.config("signpolicy.policy", join(server.root, "policy.json"));
      server.updateRef("refs/heads/evil", bad);
      const fetch = (branch: string): string => clone.git(["fetch", "-q", "origin", branch]);
      // All of it was fetched once, and nothing more will come.
      for (const branch of ["evil", "main"]) fetch(branch);
      expectSeen(
        scene,
        ["FETCH_HEAD", "--as", "main", "--policy", join(server.root, "policy.json")],
        () => fetch("evil"),
        clone.dir,
      );
      expect(clone.git(["rev-parse", "FETCH_HEAD~1"])).toBe(good);
    }));

  it("is seen for ORIG_HEAD, MERGE_HEAD and any other", () =>
    withTips((scene, { good, bad }) => {
      for (const name of ["ORIG_HEAD", "MERGE_HEAD", "BISECT_HEAD"]) {
        scene.repo.git(["update-ref", name, good]);
        expectSeen(scene, [name], () => scene.repo.git(["update-ref", name, bad]));
      }
    }));
});

describe("what another work tree has checked out", () => {
  it("is never answered from memory, nor is a symbolic ref that leads there", () =>
    withTips((scene, { good, bad }) => {
      const work = (name: string): string => join(scene.repo.root, name);
      for (const name of ["here", "there"]) scene.repo.git(["worktree", "add", "-q", "--detach", work(name), good]);
      const policy = ["--as", "main", "--policy", join(scene.repo.root, "policy.json")];
      const heads = { "worktrees/there/HEAD": work("there"), "main-worktree/HEAD": scene.repo.dir };
      for (const [name, folder] of Object.entries(heads)) {
        scene.repo.git(["update-ref", "--no-deref", "HEAD", good], { cwd: folder });
        const verify = () => scene.verify([name, ...policy], { cwd: work("here") });
        expect([verify(), verify()]).toMatchObject([
          { status: 0, repeated: false },
          { status: 0, repeated: false },
        ]);
        scene.repo.git(["update-ref", "--no-deref", "HEAD", bad], { cwd: folder });
        expect(verify()).toMatchObject({ status: 1, repeated: false });
      }
      scene.repo.git(["update-ref", "ORIG_HEAD", good]);
      writeFileSync(join(scene.repo.gitDir, "refs", "heads", "led"), "ref: ORIG_HEAD\n");
      const verify = () => scene.verify(["refs/heads/led"]);
      expect([verify(), verify()]).toMatchObject([
        { status: 0, repeated: false },
        { status: 0, repeated: false },
      ]);
      scene.repo.git(["update-ref", "ORIG_HEAD", bad]);
      expect(verify()).toMatchObject({ status: 1, repeated: false });
    }));
});

describe("words that mean another repository", () => {
  const inClone = (
    body: (scene: FrontierScene, tips: Tips, verify: (args: string[], cwd: string) => unknown) => void,
  ) =>
    withTips((scene, tips) => {
      const { clone, server } = scene.pushes;
      clone.updateRef("refs/heads/main", tips.good);
      const policy = ["--policy", join(server.root, "policy.json")];
      body(scene, tips, (args, cwd) => scene.verify([...args, ...policy], { cwd }));
    });

  it("-C: the same words, typed in the folder that they led to", () =>
    inClone((scene, { bad }, verify) => {
      const { clone } = scene.pushes;
      const inner = join(clone.dir, "b", "b");
      mkdirSync(inner, { recursive: true });
      const words = ["-C", "b", "refs/heads/main"];
      for (let n = 0; n < 2; n += 1) expect(verify(words, clone.dir)).toMatchObject({ status: 0, repeated: false });
      clone.git(["clone", "-q", "--bare", clone.dir, join(inner, ".git")]);
      clone.git(["update-ref", "refs/heads/main", bad], { cwd: inner });
      expect(verify(words, join(clone.dir, "b"))).toMatchObject({ status: 1, repeated: false });
    }));

  it("a bare repository that a checkout puts between a folder and the top of its work tree", () =>
    inClone((scene, { bad }, verify) => {
      const { clone } = scene.pushes;
      const below = join(clone.dir, "sub", "below");
      mkdirSync(below, { recursive: true });
      expect(verify(["refs/heads/main"], below)).toMatchObject({ status: 0, repeated: false });
      expect(verify(["refs/heads/main"], below)).toMatchObject({ status: 0, repeated: true });
      const evil = join(clone.root, "evil.git");
      clone.git(["clone", "-q", "--bare", clone.dir, evil]);
      clone.git(["update-ref", "refs/heads/main", bad], { cwd: evil });
      cpSync(evil, join(clone.dir, "sub"), { recursive: true });
      expect(clone.git(["rev-parse", "--absolute-git-dir"], { cwd: below })).toBe(join(clone.dir, "sub"));
      expect(verify(["refs/heads/main"], below)).toMatchObject({ status: 1, repeated: false });
    }));
});

describe("what moves while it is looked at", () => {
  it("is told also where it came back: refs, HEAD and packed refs", () =>
    withTips((scene, { good, bad }) => {
      const place = seePlace(scene.repo.dir, {});
      if (place === null) throw new Error("no repository");
      const still = () => groundOf(place, {}, stillOf);
      const names = ["refs/heads/loose", "HEAD", "packed-refs"];
      scene.repo.git(["pack-refs", "--all"]);
      scene.put(good, "refs/heads/loose");
      for (const name of names) {
        const file = join(scene.repo.gitDir, name);
        const [before, found, content] = [still(), groundOf(place, {}), readFileSync(file)];
        expect(before).not.toBeNull();
        writeFileSync(`${file}.lock`, `${bad}\n`);
        renameSync(`${file}.lock`, file);
        writeFileSync(`${file}.lock`, content);
        renameSync(`${file}.lock`, file);
        expect(still()).not.toBe(before);
        // What a later run finds is what was judged.
        expect(groundOf(place, {})).toBe(found);
      }
    }));
});

describe("a ref that never stands still", () => {
  const TURN = `
    const { renameSync, writeFileSync } = require("node:fs");
    const [file, ...oids] = process.argv.slice(1);
    for (let n = 0; ; n += 1) {
      writeFileSync(file + ".turning", oids[n % 2] + "\\n");
      renameSync(file + ".turning", file);
    }`;

  it("is not answered for where it comes to stand on what was never judged, whoever looked meanwhile", () =>
    withTips(async (scene, { good, bad }) => {
      const file = join(scene.repo.gitDir, "refs", "heads", "main");
      for (let round = 0; round < 3; round += 1) {
        const turning = spawn(process.execPath, ["-e", TURN, file, good, bad], { stdio: "ignore" });
        const ended = once(turning, "exit");
        // Each reads the refs at its beginning, in between, and at its end.
        for (let n = 0; n < 4; n += 1) expect([0, 1, 2, 3]).toContain(scene.verify().status);
        turning.kill("SIGKILL");
        await ended;
        rmSync(`${file}.turning`, { force: true });
        writeFileSync(file, `${bad}\n`);
        expect(scene.verify()).toMatchObject({ status: 1, repeated: false });
        writeFileSync(file, `${good}\n`);
        expect(scene.verify()).toMatchObject({ status: 0 });
      }
    }));

  it("nor does one run tear what another keeps at the same time", () =>
    withTips(async (scene, { good, bad }) => {
      scene.put(good, "refs/heads/other");
      const runs = ["main", "other", "HEAD", "--all"].map((word) => {
        const options = { cwd: scene.repo.dir, env: scene.repo.env, stdio: "ignore" } as const;
        return once(spawn(process.execPath, [BIN, "verify", word], options), "exit");
      });
      for (const ended of await Promise.all(runs)) expect(ended[0]).toBe(0);
      expect(readFrontier(scene.repo.gitDir)).not.toBeNull();
      expect(scene.verify(["--all"])).toMatchObject({ status: 0 });
      scene.put(bad, "refs/heads/other");
      expect(scene.verify(["--all"])).toMatchObject({ status: 1, repeated: false });
    }));
});

const asRoot = process.geteuid?.() === 0 ? describe : describe.skip;
asRoot("a repository of another user, which git was told is safe", () => {
  it("is judged each time, and nothing is left in it: for root in a user's, and for a user in root's", () =>
    withTips((scene) => {
      const NOBODY = 65_534;
      const { repo } = scene;
      const home = join(repo.root, "home");
      mkdirSync(home);
      writeFileSync(join(home, ".gitconfig"), "[safe]\n\tdirectory = *\n");
      chmodSync(repo.root, 0o755);
      // Nobody may search the first folder of the PATH.
      const closed = join(repo.root, "closed");
      mkdirSync(closed, { mode: 0o700 });
      const PATH = `${closed}:${repo.env["PATH"] ?? ""}`;
      const env = { ...repo.env, PATH, HOME: home, XDG_CONFIG_HOME: join(home, "none") };
      const verify = (uid: number) => {
        const options = { cwd: repo.dir, env, uid, gid: uid };
        return spawnSync(process.execPath, [BIN, "verify", "refs/heads/main"], options).status;
      };
      const kept = join(repo.gitDir, "signpolicy");
      expect([verify(NOBODY), verify(NOBODY)]).toEqual([0, 0]);
      expect(existsSync(kept)).toBe(false);
      repo.run("chown", ["-R", String(NOBODY), repo.dir]);
      expect([verify(0), verify(0)]).toEqual([0, 0]);
      expect(existsSync(kept)).toBe(false);
      // Each in his own keeps, and what he keeps is his alone: root does not believe it.
      expect([verify(NOBODY), verify(NOBODY)]).toEqual([0, 0]);
      expect(statSync(join(kept, "frontier")).uid).toBe(NOBODY);
      expect(readFrontier(repo.gitDir)).toBeNull();
    }));
});

describe("a program that judged by what another one brought in", () => {
  /** The program as it is installed: `openpgp` stands beside it, and is no part of it. */
  function install(scene: FrontierScene, name: string): { readonly program: string; readonly openpgp: string } {
    const folder = join(scene.repo.root, name, "node_modules");
    cpSync(dirname(BIN), join(folder, "signpolicy", "dist"), { recursive: true });
    const openpgp = join(folder, "openpgp");
    cpSync(join(dirname(BIN), "..", "node_modules", "openpgp"), openpgp, { recursive: true });
    return { program: join(folder, "signpolicy", "dist", "signpolicy.cjs"), openpgp };
  }

  it("is not answered for by what it found before openpgp was replaced, or elsewhere", () =>
    withTips((scene) => {
      const here = install(scene, "here");
      const there = install(scene, "there");
      const verify = (program: string) => scene.verify(["refs/heads/main"], { program });
      expect(verify(here.program)).toMatchObject({ status: 0, repeated: false });
      expect(verify(here.program)).toMatchObject({ status: 0, repeated: true });
      expect(scene.keys()).toHaveLength(1);
      expect(verify(there.program)).toMatchObject({ status: 0, repeated: false });
      expect(scene.keys()).toHaveLength(2);
      // As npm does it: a new package in the old one's place.
      renameSync(here.openpgp, `${here.openpgp}-old`);
      cpSync(`${here.openpgp}-old`, here.openpgp, { recursive: true });
      expect(verify(here.program)).toMatchObject({ status: 0, repeated: false });
      expect(scene.keys()).toHaveLength(3);
    }));
});

describe("objects that are links to files elsewhere", () => {
  it("are never answered for from memory: what they lead to comes and goes unseen", () =>
    withTips((scene) => {
      scene.repo.git(["repack", "-adq"]);
      const folder = join(scene.repo.gitDir, "objects", "pack");
      const pack = readdirSync(folder).find((name) => name.endsWith(".pack")) ?? "";
      renameSync(join(folder, pack), join(scene.repo.root, pack));
      symlinkSync(join(scene.repo.root, pack), join(folder, pack));
      for (let n = 0; n < 2; n += 1) expect(scene.verify()).toMatchObject({ status: 0, repeated: false });
    }));
});
