/**
 * Attack: the index of the record is damaged, lost, exchanged, made by another or left behind by a crash, or the record is changed
 * while a push looks at its index alone, so that something counts as judged which never was, or a broken record lets pushes pass.
 * Stopped by: the stamp in the note of the last line, which the kernel's times give away (io/record-index-file.ts), the
 * chain from the index's line to the noted one (check/record-indexed.ts), digests over every block (check/record-index.ts),
 * and `post-receive`, which reads all of the record. Whoever can write to the repository's folder owns the verdicts anyway.
 */
import { describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readSegment, stateOf } from "../../src/check/record-chain.ts";
import { renderIndex } from "../../src/check/record-index.ts";
import type { ObjectId, RefName } from "../../src/model.ts";
import { alice, BIN, bob, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const gitDirOf = ({ server }: PushServer): string => server.gitDir;
const recordOf = (server: PushServer): string => join(gitDirOf(server), "signpolicy", "record.jsonl");
const indexOf = (server: PushServer): string => join(gitDirOf(server), "signpolicy", "record.index");
const noteOf = (server: PushServer): string => join(gitDirOf(server), "info", "signpolicy-record");

const all = { name: "all", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } };
const policy = policyOf([mainRule, all]);

interface Answer {
  readonly status: number | null;
  readonly text: string;
}

function record(server: PushServer, ...args: string[]): Answer {
  const { status, stdout, stderr } = server.server.run(process.execPath, [BIN, "record", ...args]);
  return { status, text: `${stdout.toString("latin1")}${stderr}` };
}

/** Branches enough for the record to have an index; gives the signed commit on all of them and on main. */
function crowded(server: PushServer, count = 900): string {
  const tip = server.commit(alice);
  server.share();
  const names = ["main", ...Array.from({ length: count }, (_, n) => `crowd/${String(n)}`)];
  const lines = names.map((name) => `create refs/heads/${name} ${tip}\n`);
  server.server.git(["update-ref", "--stdin"], { input: lines.join("") });
  server.server.git(["pack-refs", "--all"]);
  expect(record(server, "baseline").status).toBe(0);
  expect(existsSync(indexOf(server))).toBe(true);
  return tip;
}

const pushNext = (
  server: PushServer,
  tip: string,
  who: typeof alice | null = alice,
  ref = "main",
): Answer & { oid: string } => {
  const oid = server.commit(who, { parents: [tip] });
  return { oid, ...server.push([`${oid}:refs/heads/${ref}`]) };
};

/** What a push is told, and that the next one is told the same. */
function expectDenied(server: PushServer, tip: string): void {
  for (const attempt of [1, 2]) {
    const { status, text } = pushNext(server, tip);
    expect({ attempt, status: status === 0 }).toEqual({ attempt, status: false });
    expect(text).toContain("bad-input");
    expect(text).toContain("signpolicy record baseline");
  }
}

/** Signed work passes, unsigned work does not: by the index or without it. */
function expectRight(server: PushServer, tip: string): string {
  expect(pushNext(server, tip, null).text).toContain("unsigned");
  const next = pushNext(server, tip);
  expect(next).toMatchObject({ status: 0 });
  return next.oid;
}

/** Whether the next push would take its answers from the index. */
function isStamped(server: PushServer): boolean {
  const { ino, size, mtimeNs, ctimeNs } = statSync(recordOf(server), { bigint: true });
  const note = JSON.parse(readFileSync(noteOf(server), "utf8")) as { stamp?: string };
  return note.stamp === `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

describe("a record that is changed under its index", () => {
  it("denies when a byte in the middle is another, the size and the times put back (bad-input)", () =>
    withServer(policy, (server) => {
      const tip = crowded(server);
      expect(isStamped(server)).toBe(true);
      const { atime, mtime } = statSync(recordOf(server));
      const bytes = readFileSync(recordOf(server));
      bytes.write("9", bytes.indexOf("crowd/450") + 6);
      writeFileSync(recordOf(server), bytes);
      utimesSync(recordOf(server), atime, mtime);
      expectDenied(server, tip);
    }));

  it("denies when it is gone, cut off, or another's (bad-input)", () =>
    withServer(policy, (server) => {
      const tip = crowded(server);
      const aside = join(server.server.root, "aside");
      renameSync(recordOf(server), aside);
      expectDenied(server, tip);
      const text = readFileSync(aside, "utf8");
      writeFileSync(recordOf(server), text.replace(/"id":"[^"]+"/, '"id":"another"'));
      expectDenied(server, tip);
      writeFileSync(recordOf(server), text);
      truncateSync(recordOf(server), text.indexOf("\n") + 1);
      expectDenied(server, tip);
      rmSync(noteOf(server));
      expectDenied(server, tip);
    }));

  it("is found by post-receive where the kernel saw no change, and then the next push is denied (bad-input)", () =>
    withServer(policy, (server) => {
      const tip = crowded(server);
      const bytes = readFileSync(recordOf(server));
      bytes.write("9", bytes.indexOf("crowd/450") + 6);
      writeFileSync(recordOf(server), bytes);
      // As if the disk had lost it, and no program had written anything.
      const { ino, size, mtimeNs, ctimeNs } = statSync(recordOf(server), { bigint: true });
      const note = JSON.parse(readFileSync(noteOf(server), "utf8")) as object;
      writeFileSync(noteOf(server), JSON.stringify({ ...note, stamp: `${ino} ${size} ${mtimeNs} ${ctimeNs}` }));
      const passed = pushNext(server, tip);
      expect(passed.status).toBe(0);
      expect(passed.text).toContain("record");
      expect(existsSync(indexOf(server))).toBe(false);
      expectDenied(server, passed.oid);
    }));
});

describe("an index that is not what was written", () => {
  it("is left alone: lost, cut off, damaged anywhere, another's file, a link, or one that others may write", () =>
    withServer(policy, (server) => {
      let tip = crowded(server);
      const path = indexOf(server);
      const damages: readonly (() => void)[] = [
        () => rmSync(path),
        () => truncateSync(path, Math.floor(statSync(path).size / 2)),
        () => truncateSync(path, 40),
        () => writeFileSync(path, ""),
        () => {
          const bytes = readFileSync(path);
          for (let at = 2000; at < bytes.length; at += 700) bytes[at] = (bytes[at] ?? 0) ^ 1;
          writeFileSync(path, bytes);
        },
        () => chmodSync(path, 0o666),
        () => {
          renameSync(path, join(server.server.root, "elsewhere"));
          symlinkSync(join(server.server.root, "elsewhere"), path);
        },
        ...(process.geteuid?.() === 0 ? [() => chownSync(path, 65_534, 65_534)] : []),
      ];
      for (const damage of damages) {
        expect(isStamped(server)).toBe(true);
        damage();
        tip = expectRight(server, tip);
      }
      expect(record(server, "verify").status).toBe(0);
    }));

  it("lets no other repository's commits pass for judged (unsigned)", () =>
    withServer(policyOf([all]), (other) =>
      withServer(policyOf([all]), (server) => {
        const tip = crowded(server);
        const unsigned = server.commit(null, { parents: [tip] });
        // There it stood before anybody looked.
        cpSync(join(server.clone.gitDir, "objects"), join(gitDirOf(other), "objects"), { recursive: true });
        const names = Array.from({ length: 900 }, (_, n) => `create refs/heads/crowd/${String(n)} ${unsigned}\n`);
        other.server.git(["update-ref", "--stdin"], { input: names.join("") });
        expect(record(other, "baseline").status).toBe(0);
        copyFileSync(indexOf(other), indexOf(server));
        expect(pushNext(server, unsigned).text).toContain("unsigned");
        expect(pushNext(server, tip).status).toBe(0);
      }),
    ));

  it("of earlier goes on with what was written since, and an unsigned commit of that is refused", () =>
    withServer(policy, (server) => {
      const tip = crowded(server);
      const earlier = readFileSync(indexOf(server));
      const next = pushNext(server, tip);
      expect(next.status).toBe(0);
      writeFileSync(indexOf(server), earlier);
      expect(isStamped(server)).toBe(true);
      expectRight(server, next.oid);
    }));

  it("is named by record verify where it says something else under digests that fit, which only who looks can tell", () =>
    withServer(policyOf([all]), (server) => {
      const tip = crowded(server);
      const unsigned = server.commit(null, { parents: [tip] });
      const forged = forgedIndex(server, unsigned);
      const honest = readFileSync(indexOf(server));
      writeFileSync(indexOf(server), forged);
      const verified = record(server, "verify");
      expect(verified.status).toBe(1);
      expect(verified.text).toContain("record.index");
      writeFileSync(indexOf(server), honest);
      expect(record(server, "verify").status).toBe(0);
    }));
});

/** What only who can write to the folder makes: an index of the record as it is, with a judged tip that nobody judged. */
function forgedIndex(server: PushServer, unsigned: ObjectId): Buffer {
  const bytes = readFileSync(recordOf(server));
  const segment = readSegment(bytes, "record");
  const state = stateOf(segment);
  const head = state.head();
  const landed = { old: null, new: unsigned, rules: ["all"], forward: false, warned: [] };
  state.apply({ kind: "landed", at: "2026-01-01T00:00:00Z", ref: "refs/heads/parked" as RefName, ...landed });
  return renderIndex({ place: { ...segment.head, bytes: bytes.length }, state: head, tables: state.tables() });
}

describe("a crash or another push in between", () => {
  it("leaves a right answer: lines without their note, an index without, an index half written, a note without a stamp", () =>
    withServer(policy, (server) => {
      let tip = crowded(server);
      const crashes: readonly ((before: { note: Buffer; index: Buffer }) => void)[] = [
        // The lines are written, neither index nor note is.
        ({ note, index }) => {
          writeFileSync(noteOf(server), note);
          writeFileSync(indexOf(server), index);
        },
        // The index is written, the note is not.
        ({ note }) => writeFileSync(noteOf(server), note),
        // The index was being written.
        ({ note, index }) => {
          writeFileSync(noteOf(server), note);
          writeFileSync(`${indexOf(server)}.0c9a`, index.subarray(0, 3000));
          writeFileSync(indexOf(server), index);
        },
        // A line was being written.
        ({ note }) => {
          writeFileSync(noteOf(server), note);
          writeFileSync(recordOf(server), '{"seq":99', { flag: "a" });
        },
        // Another version of signpolicy noted the line.
        () => {
          const note = JSON.parse(readFileSync(noteOf(server), "utf8")) as object;
          writeFileSync(noteOf(server), JSON.stringify({ ...note, stamp: undefined }));
        },
      ];
      for (const crash of crashes) {
        const before = { note: readFileSync(noteOf(server)), index: readFileSync(indexOf(server)) };
        const next = pushNext(server, tip);
        expect(next.status).toBe(0);
        crash(before);
        tip = expectRight(server, next.oid);
        expect(isStamped(server)).toBe(true);
      }
      expect(record(server, "verify").status).toBe(0);
    }));

  it("finds every push of many at once in the record, and an index that goes with it", () =>
    withServer(policy, async (server) => {
      const tip = crowded(server);
      const pushes = Array.from({ length: 8 }, (_, n) => {
        const oid = server.commit(n % 2 === 0 ? alice : bob, { parents: [tip] });
        return { oid, ref: `refs/heads/crowd/${String(n)}` };
      });
      const ended = await Promise.all(
        pushes.map(
          ({ oid, ref }) =>
            new Promise<number | null>((resolve) => {
              const args = ["push", "-q", "--no-verify", "origin", `${oid}:${ref}`];
              spawn("git", args, { cwd: server.clone.dir, env: server.clone.env, stdio: "ignore" }).on(
                "close",
                resolve,
              );
            }),
        ),
      );
      expect(ended).toEqual(pushes.map(() => 0));
      expect(record(server, "verify").status).toBe(0);
      expect(isStamped(server)).toBe(true);
      const text = readFileSync(recordOf(server), "utf8");
      for (const { oid } of pushes) expect(text).toContain(`"new":"${oid}"`);
      for (const { oid, ref } of pushes) {
        expect(pushNext(server, oid, null, ref.slice("refs/heads/".length)).text).toContain("unsigned");
      }
      expectRight(server, tip);
    }));
});
