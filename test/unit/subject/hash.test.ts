import { describe, expect, it } from "@jest/globals";
import { hashObject } from "../../../src/subject/hash.ts";
import { TREE, TREE256 } from "../../support/objects.ts";

describe("hashObject", () => {
  it("names objects as git does, in either algorithm", () => {
    expect(hashObject("tree", new Uint8Array(), "sha1")).toBe(TREE);
    expect(hashObject("tree", new Uint8Array(), "sha256")).toBe(TREE256);
    expect(hashObject("blob", Buffer.from("hello\n"), "sha1")).toBe("ce013625030ba8dba906f756967f9e9ca394464a");
  });
  it("gives another name to the same bytes of another kind", () => {
    expect(hashObject("blob", new Uint8Array(), "sha1")).not.toBe(TREE);
  });
});
