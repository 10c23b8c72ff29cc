import { describe, expect, it } from "@jest/globals";
import { fromHex, toHex } from "../../../src/encoding/hex.ts";

describe("hex", () => {
  it("writes lower case and reads either", () => {
    expect(toHex(Uint8Array.of(0xab, 1))).toBe("ab01");
    expect(toHex(fromHex("Ab01"))).toBe("ab01");
    expect(toHex(fromHex(""))).toBe("");
  });
  it.each(["a", "0g", "0x01", "ab ", "ab\n"])("refuses %j", (text) => {
    expect(() => fromHex(text)).toThrowCode("ERR_PARSE");
  });
});
