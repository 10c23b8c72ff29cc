import { describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import type { HashAlgorithm, ObjectId } from "../../../src/model.ts";
import { ObjectReader } from "../../../src/io/objects.ts";
import { quarantinedObjects, type LooseObject } from "../../../src/io/loose-objects.ts";
import { findHookPlace } from "../../../src/io/repository.ts";
import { withRepo, type Repo } from "../../support/repo.ts";

const placeOf = (repo: Repo) =>
  findHookPlace(repo.gitDir, { ...process.env, GIT_OBJECT_DIRECTORY: join(repo.gitDir, "objects") });

const read = (repo: Repo, oid: ObjectId): LooseObject | null => quarantinedObjects(placeOf(repo))?.(oid) ?? null;

const pathOf = (repo: Repo, oid: string): string => join(repo.gitDir, "objects", oid.slice(0, 2), oid.slice(2));

const nameOf = (bytes: Buffer): ObjectId => createHash("sha1").update(bytes).digest("hex") as ObjectId;

/** Stores what git would not, under a name of our choice. */
function store(repo: Repo, oid: string, stored: Buffer): void {
  mkdirSync(join(pathOf(repo, oid), ".."), { recursive: true });
  writeFileSync(pathOf(repo, oid), stored);
}

const whole = (text: string): Buffer => Buffer.from(text, "latin1");

describe("quarantinedObjects", () => {
  it.each<HashAlgorithm>(["sha1", "sha256"])("gives what git gives, of every kind (%s)", (algorithm) =>
    withRepo({ bare: true, algorithm }, async (repo) => {
      const blob = repo.write("blob", Buffer.from("text\0\xff", "latin1"));
      const tree = repo.git(["mktree"], { input: `100644 blob ${blob}\ta\n` }) as ObjectId;
      const commit = repo.git(["commit-tree", "-m", "a", tree]) as ObjectId;
      const tag = repo.git(["mktag"], {
        input: `object ${commit}\ntype commit\ntag v1\ntagger A <a@example.org> 1 +0000\n\nv1\n`,
      }) as ObjectId;
      const empty = repo.write("blob", Buffer.alloc(0));
      const git = new ObjectReader(placeOf(repo));
      for (const oid of [blob, tree, commit, tag, empty]) {
        const found = await git.object(oid);
        expect({ found: "yes", oid, ...read(repo, oid) }).toEqual(found);
        expect(found.found).toBe("yes");
      }
      git.close();
    }),
  );

  it("leaves to git what has not the bytes of its name", () =>
    withRepo({ bare: true }, (repo) => {
      const good = repo.write("blob", Buffer.from("good"));
      const other = repo.write("blob", Buffer.from("other"));
      expect(read(repo, good)?.bytes.toString()).toBe("good");
      rmSync(pathOf(repo, good));
      mkdirSync(join(pathOf(repo, good), ".."), { recursive: true });
      renameSync(pathOf(repo, other), pathOf(repo, good));
      expect(read(repo, good)).toBeNull();
    }));

  it.each([
    ["a length that is not its own", "blob 3\0good"],
    ["a length with a zero before it", "blob 04\0good"],
    ["no length", "blob \0good"],
    ["a kind that git has not", "blobs 4\0good"],
    ["no end of its head", "blob 4 good"],
    ["a head too long to be one", `blob ${"4".repeat(40)}\0good`],
    ["nothing", ""],
  ])("leaves to git what is named by its bytes and has %s", (_, text) =>
    withRepo({ bare: true }, (repo) => {
      store(repo, nameOf(whole(text)), deflateSync(whole(text)));
      expect(read(repo, nameOf(whole(text)))).toBeNull();
      // The same way of storing, done right.
      store(repo, nameOf(whole("blob 4\0good")), deflateSync(whole("blob 4\0good")));
      expect(read(repo, nameOf(whole("blob 4\0good")))?.kind).toBe("blob");
    }),
  );

  it("leaves to git what is damaged, cut off, or has something behind it", () =>
    withRepo({ bare: true }, (repo) => {
      const bytes = whole("blob 4\0good");
      const stored = deflateSync(bytes);
      const last = stored.at(-1) ?? 0;
      for (const bad of [
        stored.subarray(0, -1),
        Buffer.concat([stored, whole("x")]),
        Buffer.concat([stored, stored]),
        Buffer.concat([stored.subarray(0, -1), Uint8Array.of(last ^ 1)]),
        bytes,
        Buffer.alloc(0),
      ]) {
        store(repo, nameOf(bytes), bad);
        expect(read(repo, nameOf(bytes))).toBeNull();
      }
      store(repo, nameOf(bytes), stored);
      expect(read(repo, nameOf(bytes))).not.toBeNull();
    }));

  it("leaves to git what grows large, and stops unpacking it", () =>
    withRepo({ bare: true }, (repo) => {
      const fits = repo.write("blob", Buffer.alloc(250_000));
      const large = repo.write("blob", Buffer.alloc(64 * 1024 * 1024));
      expect(read(repo, fits)?.bytes.length).toBe(250_000);
      expect(read(repo, large)).toBeNull();
    }));

  it("waits for no pipe and follows no link", () =>
    withRepo({ bare: true }, (repo) => {
      const oid = repo.write("blob", Buffer.from("good"));
      const path = pathOf(repo, oid);
      renameSync(path, join(repo.root, "elsewhere"));
      symlinkSync(join(repo.root, "elsewhere"), path);
      expect(read(repo, oid)).toBeNull();
      rmSync(path);
      execFileSync("mkfifo", [path]);
      expect(read(repo, oid)).toBeNull();
      rmSync(path);
      mkdirSync(path);
      expect(read(repo, oid)).toBeNull();
    }));

  it("is nothing where git keeps nothing apart", () =>
    withRepo({ bare: true }, (repo) => {
      expect(quarantinedObjects(findHookPlace(repo.gitDir, {}))).toBeNull();
      expect(quarantinedObjects(findHookPlace(repo.gitDir, { GIT_OBJECT_DIRECTORY: "objects" }))).toBeNull();
    }));
});

describe("ObjectReader with a place to look at before git", () => {
  it("starts git for what is not there, and asks it alone from then on", () =>
    withRepo({ bare: true }, async (repo) => {
      const oid = repo.write("blob", Buffer.from("stored"));
      const asked: ObjectId[] = [];
      const reader = new ObjectReader(placeOf(repo), (name) => {
        asked.push(name);
        return name === oid ? null : { kind: "blob", bytes: Buffer.from("loose") };
      });
      const loose = "1".repeat(40) as ObjectId;
      expect(await reader.object(loose)).toMatchObject({ found: "yes", bytes: Buffer.from("loose") });
      expect(await reader.object(oid)).toMatchObject({ found: "yes", bytes: Buffer.from("stored") });
      expect(await reader.object(loose)).toEqual({ found: "no" });
      expect(asked).toEqual([loose, oid]);
      reader.close();
      await expect(reader.object(loose)).rejects.toMatchObject({ code: "ERR_GIT_FAILED" });
    }));
});
