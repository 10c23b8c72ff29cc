import { describe, expect, it } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPackedRefs } from "../../../src/io/packed-refs.ts";
import type { RefName } from "../../../src/model.ts";

const SORTED = "# pack-refs with: peeled fully-peeled sorted \n";

function withFile<T>(text: string | null, body: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "packed-"));
  try {
    const path = join(folder, "packed-refs");
    if (text !== null) writeFileSync(path, text, "latin1");
    return body(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const oidOf = (at: number): string => at.toString(16).padStart(40, "0");
const line = (name: string, at: number): string => `${oidOf(at)} ${name}\n`;
const names = (...some: string[]): RefName[] => some as RefName[];

describe("packed refs", () => {
  it("are found where a file of a hundred thousand is sorted, and are git's to find where it is not", () => {
    const many = Array.from({ length: 100_000 }, (_, n) => `refs/heads/${String(n).padStart(6, "0")}`);
    const lines = many.map(line).join("");
    const asked = names("refs/heads/000000", "refs/heads/099999", "refs/heads/04999", "refs/heads/050000");
    withFile(SORTED + lines, (path) =>
      expect(readPackedRefs(path, asked)).toEqual([oidOf(0), oidOf(99_999), "", oidOf(50_000)]),
    );
    withFile(`# pack-refs with: peeled\n${lines}`, (path) => expect(readPackedRefs(path, asked)).toBeNull());
    withFile(`# pack-refs with: unsorted \n${lines}`, (path) => expect(readPackedRefs(path, asked)).toBeNull());
  });

  it("are none without a file, and unknown where something else stands there or a line has no end", () => {
    withFile(null, (path) => expect(readPackedRefs(path, names("refs/heads/x"))).toEqual([""]));
    withFile(null, (path) => {
      mkdirSync(path);
      expect(readPackedRefs(path, names("refs/heads/x"))).toBeNull();
    });
    withFile(null, (path) => {
      symlinkSync("/dev/null", path);
      expect(readPackedRefs(path, names("refs/heads/x"))).toBeNull();
    });
    withFile(`${SORTED}${"0".repeat(300_000)}`, (path) =>
      expect(readPackedRefs(path, names("refs/heads/x"))).toBeNull(),
    );
  });
});
