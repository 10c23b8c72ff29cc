import { describe, expect, it } from "@jest/globals";
import { fromLatin1 } from "../../../src/encoding/bytes.ts";
import { parseTree } from "../../../src/subject/tree.ts";
import { TREE } from "../../support/objects.ts";

const ID = Buffer.from(TREE, "hex").toString("latin1");
const tree = (...entries: readonly string[]) => parseTree(fromLatin1(entries.join("")), "sha1");

describe("parseTree", () => {
  it("reads mode, name and id of each entry, names as bytes", () => {
    const entries = tree(`100644 a b\xff\0${ID}`, `40000 dir\0${ID}`, `120000 link\0${ID}`);
    expect([...entries]).toEqual([
      ["a b\xff", { mode: "100644", oid: TREE }],
      ["dir", { mode: "40000", oid: TREE }],
      ["link", { mode: "120000", oid: TREE }],
    ]);
    expect(tree().size).toBe(0);
  });
  it("reads ids of sha256 repositories, as long as they are there", () => {
    const raw = fromLatin1(`100644 a\0${"\x11".repeat(32)}`);
    expect(parseTree(raw, "sha256").get("a")?.oid).toBe("1".repeat(64));
    expect(() => parseTree(raw, "sha1")).toThrowCode("ERR_PARSE");
  });
  it("reads modes as git does: a number's kind, and whether its owner may execute it", () => {
    const modes = ["100664", "100711", "040000", "120777", "160000"];
    const entries = tree(...modes.map((mode, at) => `${mode} ${at}\0${ID}`));
    expect([...entries.values()].map(({ mode }) => mode)).toEqual(["100644", "100755", "40000", "120000", "160000"]);
  });
  it("takes git's order: bytes, a folder as if its name ended in a slash", () => {
    const sorted = [
      `100644 .gitignore\0${ID}`,
      `100644 Z\0${ID}`,
      `100644 a-b\0${ID}`,
      `40000 a\0${ID}`,
      `100644 a0\0${ID}`,
    ];
    expect([...tree(...sorted, `100644 \xff\0${ID}`).keys()]).toEqual([".gitignore", "Z", "a-b", "a", "a0", "\xff"]);
  });
  it.each([
    ["an id cut short", `100644 a\0${ID.slice(1)}`],
    ["a name without end", "100644 a"],
    ["no name", `100644 \0${ID}`],
    ["no mode", ` a\0${ID}`],
    ["a mode that is no number", `10064x a\0${ID}`],
    ["a mode of a kind that git does not know", `140000 a\0${ID}`],
    ["a mode of no kind", `000644 a\0${ID}`],
    ["a NUL in the mode", `1\x0000644 a\0${ID}`],
    ["trailing bytes", `100644 a\0${ID}x`],
    ["a name twice", `100644 a\0${ID}100755 a\0${ID}`],
    ["a name twice, as a file and as a folder far behind it", `100644 a\0${ID}100644 a-b\0${ID}40000 a\0${ID}`],
    ["names out of order", `100644 b\0${ID}100644 a\0${ID}`],
    ["a folder where a file would stand", `40000 a\0${ID}100644 a-b\0${ID}`],
    ["a file where a folder would stand", `100644 a0\0${ID}100644 a\0${ID}`],
    ["a name that is a path", `100644 a/b\0${ID}`],
    ["a name for the folder itself", `40000 .\0${ID}`],
    ["a name for the folder above", `40000 ..\0${ID}`],
    ["git's own folder", `40000 .git\0${ID}`],
    ["git's own folder in another case", `40000 .Git\0${ID}`],
  ])("refuses %s", (_, raw) => {
    expect(() => tree(raw)).toThrowCode("ERR_PARSE");
  });
});
