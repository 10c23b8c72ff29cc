import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { readArrivals, writeArrivals } from "../../../src/io/record-file.ts";

let gitDir: string;
beforeEach(() => {
  gitDir = mkdtempSync(join(tmpdir(), "sp-record-"));
  mkdirSync(join(gitDir, "signpolicy"));
});
afterEach(() => rmSync(gitDir, { recursive: true }));

describe("writeArrivals", () => {
  it("keeps them in their folder, whatever the record calls itself", async () => {
    for (const name of ["id-20260101T000000Z", "../../outside-20260101T000000Z"]) {
      await writeArrivals(gitDir, name, "text");
      expect(await readArrivals(gitDir, name)).toBe("text");
    }
    expect(readdirSync(gitDir)).toEqual(["signpolicy"]);
    expect(readdirSync(join(gitDir, "signpolicy"))).toEqual(["arrived"]);
  });

  (process.getuid?.() === 0 ? it : it.skip)("writes nothing into another user's repository", async () => {
    chownSync(join(gitDir, "signpolicy"), 65534, 65534);
    await writeArrivals(gitDir, "id-20260101T000000Z", "text");
    expect(existsSync(join(gitDir, "signpolicy", "arrived"))).toBe(false);
  });
});
