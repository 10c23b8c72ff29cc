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
  it.each([
    ["an id cut short", `100644 a\0${ID.slice(1)}`],
    ["a name without end", "100644 a"],
    ["no name", `100644 \0${ID}`],
    ["no mode", ` a\0${ID}`],
    ["a mode that is no number", `10064x a\0${ID}`],
    ["a NUL in the mode", `1\x0000644 a\0${ID}`],
    ["trailing bytes", `100644 a\0${ID}x`],
    ["a name twice", `100644 a\0${ID}100755 a\0${ID}`],
  ])("refuses %s", (_, raw) => {
    expect(() => tree(raw)).toThrowCode("ERR_PARSE");
  });
});
