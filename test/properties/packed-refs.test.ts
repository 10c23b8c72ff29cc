/** Packed refs of any names, found by halving the file and by reading all of it. */
import { describe, expect } from "@jest/globals";
import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPackedRefs } from "../../src/io/packed-refs.ts";
import type { RefName } from "../../src/model.ts";
import { itHolds } from "../support/fuzz.ts";

const SORTED = "# pack-refs with: peeled fully-peeled sorted \n";
const PEELED = `^${"e".repeat(40)}\n`;

const oidOf = (at: number): string => at.toString(16).padStart(40, "0");
const line = (name: string, at: number): string => `${oidOf(at)} ${name}\n`;

function find(text: string, asked: readonly RefName[]): readonly string[] | null {
  const folder = mkdtempSync(join(tmpdir(), "packed-"));
  try {
    writeFileSync(join(folder, "packed-refs"), text, "latin1");
    return readPackedRefs(join(folder, "packed-refs"), asked);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Names as refs have them, in the order of their bytes. */
const names = fc
  .uniqueArray(
    fc.oneof(
      fc.integer({ min: 0, max: 5000 }).map((n) => `refs/heads/topic/${String(n)}`),
      fc.integer({ min: 0, max: 99 }).map((n) => `refs/tags/\xe9${"v".repeat(n * 20)}`),
      fc.stringMatching(/^[a-z/]{1,30}$/).map((name) => `refs/x${name}`),
    ),
    { maxLength: 900 },
  )
  .map((all) => all.sort((one, other) => Buffer.compare(Buffer.from(one, "latin1"), Buffer.from(other, "latin1"))));

describe("packed refs", () => {
  itHolds(
    "are found in a sorted file as in one that is read whole, peeled lines or not",
    () =>
      fc.property(names, fc.nat(), (all, seed) => {
        const lines = all.map((name, at) => `${line(name, at)}${(at + seed) % 3 === 0 ? PEELED : ""}`).join("");
        const asked = [
          ...all,
          "refs/heads",
          "refs/heads/topic/",
          "refs/zzz",
          "refs/aaa",
          "refs/heads/topic/50001",
        ] as RefName[];
        const expected = asked.map((name) => (all.includes(name) ? oidOf(all.indexOf(name)) : ""));
        for (const text of [SORTED + lines, lines]) expect(find(text, asked)).toEqual(expected);
      }),
    { runs: 150 },
  );
});
