import { describe, expect, it } from "@jest/globals";
import { asBuffer, concatBytes, equalBytes, fromLatin1, latin1 } from "../../../src/encoding/bytes.ts";

describe("latin1", () => {
  it("keeps every byte, NUL and non-UTF-8 included", () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect([...fromLatin1(latin1(all))]).toEqual([...all]);
  });
  it("refuses a character that is no byte", () => {
    expect(() => fromLatin1("aĀ")).toThrowCode("ERR_PARSE");
  });
});

describe("concatBytes", () => {
  it("joins parts in order", () => {
    expect([...concatBytes(Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3))]).toEqual([1, 2, 3]);
  });
});

describe("equalBytes", () => {
  it("compares content, not identity", () => {
    expect(equalBytes(Uint8Array.of(1, 2), Buffer.from([1, 2]))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0))).toBe(false);
  });
});

describe("asBuffer", () => {
  it("honours the offset of a view", () => {
    expect(asBuffer(Uint8Array.of(1, 2, 3, 4).subarray(1, 3)).toString("hex")).toBe("0203");
  });
});
