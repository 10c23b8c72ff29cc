import { describe, expect, it } from "@jest/globals";
import { fromHex, toHex } from "../../../src/encoding/hex.ts";
import { SshReader, sshStrings } from "../../../src/encoding/ssh-wire.ts";

const reader = (hex: string) => new SshReader(fromHex(hex), "test");

describe("SshReader", () => {
  it("reads each type and counts its offset", () => {
    const read = reader("01" + "00000002" + "0000000000000003" + "00000002abcd" + "00000001ff" + "9999" + "0102");
    expect(read.byte()).toBe(1);
    expect(read.uint32()).toBe(2);
    expect(read.uint64()).toBe(3n);
    expect(toHex(read.string())).toBe("abcd");
    expect(read.text()).toBe("\xff");
    expect(toHex(read.raw(2))).toBe("9999");
    expect(read.offset).toBe(26);
    expect(toHex(read.rest())).toBe("0102");
    expect(read.atEnd).toBe(true);
    expect(() => read.end()).not.toThrow();
  });
  it.each(["", "00", "000000", "00000001", "ffffffff", "7fffffff00"])("refuses the cut or lying string %j", (hex) => {
    expect(() => reader(hex).string()).toThrowCode("ERR_PARSE");
  });
  it("refuses numbers cut short", () => {
    expect(() => reader("").byte()).toThrowCode("ERR_PARSE");
    expect(() => reader("000000").uint32()).toThrowCode("ERR_PARSE");
    expect(() => reader("00000000000000").uint64()).toThrowCode("ERR_PARSE");
    expect(() => reader("00").raw(2)).toThrowCode("ERR_PARSE");
  });
  it("refuses trailing bytes", () => {
    expect(() => reader("00").end()).toThrowCode("ERR_PARSE");
  });
  it("reads what sshStrings writes", () => {
    const read = new SshReader(sshStrings(fromHex("ab"), fromHex(""), fromHex("cdef")), "test");
    expect([toHex(read.string()), toHex(read.string()), toHex(read.string())]).toEqual(["ab", "", "cdef"]);
    expect(() => read.end()).not.toThrow();
  });
});
