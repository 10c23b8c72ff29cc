/** Answers of `git cat-file --batch`, in pieces of any size, from a git that may say anything. */
import { afterAll, describe, expect, it } from "@jest/globals";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { equalBytes, latin1 } from "../../src/encoding/bytes.ts";
import { GitError } from "../../src/errors.ts";
import { ObjectReader } from "../../src/io/objects.ts";
import type { Bytes, ObjectId } from "../../src/model.ts";
import { itHolds } from "../support/fuzz.ts";
import { bitFlip, edits, lineMoves } from "../support/mutations.ts";

const folder = mkdtempSync(join(tmpdir(), "sp-cat-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A git that writes what it was told to, some bytes at a time, and then ends. */
writeFileSync(join(folder, "git"), '#!/bin/sh\nfor part in "$ANSWERS".*; do /bin/cat "$part"; done\n');
chmodSync(join(folder, "git"), 0o755);

interface Answer {
  readonly kind: string;
  readonly content: Bytes;
}

const ID = "1".repeat(40) as ObjectId;
let asked = 0;

/** What the reader makes of as many requests as there are answers; null for one that failed. */
async function read(output: Bytes, cuts: readonly number[], requests: number): Promise<readonly (Answer | null)[]> {
  const answers = join(folder, String((asked += 1)));
  const ends = [...cuts.map((cut) => cut % (output.length + 1)), output.length].sort((one, two) => one - two);
  const files = ends.map((end, at) => {
    const file = `${answers}.${String(at).padStart(4, "0")}`;
    writeFileSync(file, output.subarray(ends[at - 1] ?? 0, end));
    return file;
  });
  const reader = new ObjectReader({ cwd: folder, environment: { PATH: folder, ANSWERS: answers } });
  try {
    const all = Array.from({ length: requests }, () => reader.object(ID));
    return (await Promise.allSettled(all)).map((one) => {
      if (one.status === "rejected") {
        if (!(one.reason instanceof GitError)) throw one.reason;
        return null;
      }
      const found = one.value;
      if (found.found !== "yes") return { kind: found.found, content: new Uint8Array() };
      return { kind: found.kind, content: Uint8Array.from(found.bytes) };
    });
  } finally {
    reader.close();
    for (const file of files) rmSync(file);
  }
}

const answer = fc.record({
  kind: fc.constantFrom("commit", "tag", "tree", "blob", "missing"),
  content: fc.uint8Array({ maxLength: 60 }),
});
const render = ({ kind, content }: Answer): Bytes =>
  kind === "missing"
    ? Buffer.from(`${ID} missing\n`)
    : Buffer.concat([Buffer.from(`${ID} ${kind} ${String(content.length)}\n`), content, Buffer.from("\n")]);
const answers = fc.array(answer, { minLength: 1, maxLength: 5 });
const cuts = fc.array(fc.nat(400), { maxLength: 4 });

describe("answers of git cat-file", () => {
  itHolds(
    "are what git wrote, wherever one piece ends and the next begins",
    () =>
      fc.asyncProperty(answers, cuts, async (all, where) => {
        const got = await read(Buffer.concat(all.map(render)), where, all.length);
        const same = all.every(({ kind, content }, at) => {
          const one = got[at];
          if (one === undefined || one === null) return false;
          return kind === "missing" ? one.kind === "no" : one.kind === kind && equalBytes(one.content, content);
        });
        expect(same).toBe(true);
      }),
    { runs: 60 },
  );

  itHolds(
    "that were damaged fail by name or end, and never bring an object that was not written",
    () => {
      const seeds = [
        Buffer.concat([
          render({ kind: "blob", content: Buffer.from("one\n") }),
          render({ kind: "missing", content: new Uint8Array() }),
        ]),
      ];
      const change = fc.oneof(
        edits([Buffer.from(" missing\n"), Buffer.from("9999999999999999")], seeds, 2),
        bitFlip,
        lineMoves(seeds),
      );
      return fc.asyncProperty(answers, change, cuts, async (all, damage, where) => {
        const output = damage(Buffer.concat(all.map(render)));
        for (const one of await read(output, where, all.length)) {
          if (one === null || one.kind === "no" || one.kind === "too-large") continue;
          expect(latin1(output)).toContain(` ${one.kind} ${String(one.content.length)}\n${latin1(one.content)}`);
        }
      });
    },
    { runs: 60 },
  );

  it("that never end in a line do not fill the memory (ERR_GIT_FAILED)", async () => {
    expect(await read(Buffer.alloc(8192, "x"), [], 1)).toEqual([null]);
  });
});
