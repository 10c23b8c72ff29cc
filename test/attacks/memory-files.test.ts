/**
 * Attack: in the place of a file in which something is remembered stands what hangs whoever reads it, fills his memory, leads
 * elsewhere or is nobody's: a pipe, a device, a folder, a link, gigabytes, garbage; or the folder takes nothing.
 * Stopped by: io/trusted-file.ts (a plain file of this user's, opened without waiting), caps and digests of each reader. What cannot be
 * read or kept is worked out anew, and the verdict is the same.
 */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forgetFrontier, readFrontier, writeFrontier } from "../../src/io/frontier-file.ts";
import {
  chainMemory,
  fallenMemory,
  forgetAnswer,
  keepAnswer,
  policyMemory,
  recallAnswer,
} from "../../src/io/kept-answer.ts";
import { readPending, writePending } from "../../src/io/pending-file.ts";
import { forgetMemo, readMemo, writeMemo } from "../../src/io/preflight-memo.ts";
import { gitMemory } from "../../src/io/reading.ts";
import { withFrontier } from "../support/frontier.ts";
import { alice, BIN, mainRule, policyOf, withServer } from "../support/push-server.ts";

/** What stands there; each says how it is put. */
const SHAPES: Readonly<Record<string, (path: string) => void>> = {
  "a pipe": (path) => void spawnSync("mkfifo", [path]),
  "a folder": (path) => mkdirSync(path),
  "a link to itself": (path) => symlinkSync(path, path),
  "a link to a device that never ends": (path) => symlinkSync("/dev/zero", path),
  "a terabyte of nothing": (path) => {
    writeFileSync(path, "", { mode: 0o600 });
    truncateSync(path, 2 ** 40);
  },
  garbage: (path) => writeFileSync(path, Buffer.from([0xff, 0, 0x7b, 0x0a, 0x22]), { mode: 0o600 }),
  "JSON of another kind": (path) => writeFileSync(path, '[{"__proto__":{"allow":true}},null]', { mode: 0o600 }),
};

let gitDir: string;
beforeEach(() => {
  gitDir = mkdtempSync(join(tmpdir(), "sp-memory-"));
});
afterEach(() => rmSync(gitDir, { recursive: true, force: true }));

interface Memory {
  readonly path: (gitDir: string) => string;
  readonly read: () => unknown;
  readonly write: () => void;
  readonly forget: () => void;
}

const answers = (path: (gitDir: string) => string): Memory => ({
  path,
  read: () => recallAnswer(path(gitDir)),
  write: () => keepAnswer(path(gitDir), { question: "0".repeat(64), answer: [1] }),
  forget: () => forgetAnswer(path(gitDir)),
});

const MEMORIES: Readonly<Record<string, Memory>> = {
  "runs of verify": {
    path: (folder) => join(folder, "signpolicy", "frontier"),
    read: () => readFrontier(gitDir),
    write: () => writeFrontier(gitDir, [1]),
    forget: () => forgetFrontier(gitDir),
  },
  "the preflight": {
    path: (folder) => join(folder, "signpolicy", "preflight.json"),
    read: () => readMemo(gitDir),
    write: () => writeMemo(gitDir, [1]),
    forget: () => forgetMemo(gitDir),
  },
  "the policy": answers(policyMemory),
  "git's word": answers(gitMemory),
  "the chain": answers(chainMemory),
  "fallen keys": answers(fallenMemory),
};

describe.each(Object.entries(MEMORIES))("the memory of %s", (_, { path, read, write, forget }) => {
  it.each(Object.entries(SHAPES))("is none where its file is %s, and can be kept again or not", (shape, put) => {
    mkdirSync(join(gitDir, "signpolicy"));
    put(path(gitDir));
    expect(shape === "JSON of another kind" && path(gitDir).endsWith(".json") ? null : read()).toBeNull();
    // Neither throws, whatever stands there, and nothing is left beside it.
    write();
    const isFolder = shape === "a folder";
    if (isFolder) expect(read()).toBeNull();
    else expect(read()).not.toBeNull();
    expect(readdirSync(join(gitDir, "signpolicy"))).toHaveLength(1);
    forget();
  });

  it("is none where its folder is a file, or takes nothing", () => {
    writeFileSync(join(gitDir, "signpolicy"), "");
    for (const act of [write, forget]) act();
    expect(read()).toBeNull();
  });

  it("is none where others can write it", () => {
    write();
    expect(read()).not.toBeNull();
    chmodSync(path(gitDir), 0o622);
    expect(read()).toBeNull();
  });
});

describe("verdicts that wait for their push", () => {
  it("are plain files alone: a pipe or a folder among them keeps nobody waiting", async () => {
    const now = Math.floor(Date.now() / 1000);
    writePending(gitDir, "{}", now);
    const folder = join(gitDir, "signpolicy", "pending");
    for (const shape of ["a pipe", "a folder", "a link to a device that never ends"])
      SHAPES[shape]?.(join(folder, `${now}-${shape.replaceAll(" ", "-")}.json`));
    expect((await readPending(gitDir, now)).map(({ text }) => text)).toEqual(["{}"]);
  });
});

describe("a run of verify that cannot keep what it found", () => {
  it("on a full disk says what it would, leaves nothing torn, and what was kept before holds as long as it did", () =>
    withFrontier((scene) => {
      scene.grow();
      const first = scene.verify();
      expect(first).toMatchObject({ status: 0, repeated: false });
      const kept = readFrontier(scene.repo.gitDir);
      const next = scene.grow(1);
      const command = `ulimit -f 0; exec '${process.execPath}' '${BIN}' verify refs/heads/main`;
      const { status, stdout, stderr } = scene.repo.run("sh", ["-c", command]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout.toString()).toContain("3 commits checked");
      expect(readFrontier(scene.repo.gitDir)).toEqual(kept);
      expect(readdirSync(join(scene.repo.gitDir, "signpolicy"))).toEqual(["frontier", "git-said"]);
      scene.put(scene.pushes.commit(null, { parents: [next] }));
      expect(scene.verify()).toMatchObject({ status: 1, repeated: false });
    }));

  it("since it was killed at any moment leaves nothing that is believed of it", () =>
    withFrontier(async (scene) => {
      let good = scene.grow();
      for (const delay of [40, 90, 130, 170, 210, 260, 320]) {
        const options = { cwd: scene.repo.dir, env: scene.repo.env, stdio: "ignore" } as const;
        const running = spawn(process.execPath, [BIN, "verify", "refs/heads/main"], options);
        const ended = once(running, "exit");
        setTimeout(() => running.kill("SIGKILL"), delay);
        await ended;
        expect(scene.verify()).toMatchObject({ status: 0 });
        scene.put(scene.pushes.commit(null, { parents: [good] }));
        expect(scene.verify()).toMatchObject({ status: 1, repeated: false });
        scene.put(good);
        good = scene.grow(1);
      }
    }));
});

describe("a repository whose memories are all spoilt", () => {
  it.each(Object.entries(SHAPES))("by %s: verify and pushes say what they would", (_, put) =>
    withFrontier((scene) => {
      const { pushes, repo } = scene;
      const good = scene.grow();
      const folder = join(repo.gitDir, "signpolicy");
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      for (const { path } of Object.values(MEMORIES)) put(path(repo.gitDir));
      expect(scene.verify()).toMatchObject({ status: 0, repeated: false });
      const bad = pushes.commit(null, { parents: [good] });
      const next = pushes.commit(alice, { parents: [good] });
      expect(pushes.push([`${bad}:refs/heads/main`]).text).toContain("unsigned");
      expect(pushes.push([`${next}:refs/heads/main`]).status).toBe(0);
      expect(scene.verify()).toMatchObject({ status: 0, repeated: false });
    }),
  );

  it("by a folder that is a file: a push is refused, since its verdict cannot be kept, and verify is not", () =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(alice);
      writeFileSync(join(server.server.gitDir, "signpolicy"), "");
      expect(server.push([`${first}:refs/heads/main`]).status).not.toBe(0);
      server.share();
      server.server.updateRef("refs/heads/main", first);
      expect(server.verify(["refs/heads/main"]).status).toBe(0);
    }));
});
