import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../../../src/encoding/bytes.ts";
import { PacketReader, splitPackets } from "../../../../src/signature/openpgp/packets.ts";
import { bytes, packet } from "../../../support/openpgp.ts";

const split = (...values: number[]): readonly [number, number[]][] =>
  splitPackets(bytes(...values), "test").map(({ tag, body }) => [tag, [...body]]);

describe("splitPackets", () => {
  it("reads the current header with lengths of one, two and five octets", () => {
    expect(split(0xc2, 2, 7, 8)).toEqual([[2, [7, 8]]]);
    const two = concatBytes(bytes(0xc2, 192, 8), Buffer.alloc(200));
    expect(splitPackets(two, "test")[0]?.body).toHaveLength(200);
    expect(split(0xc2, 255, 0, 0, 0, 1, 9)).toEqual([[2, [9]]]);
  });
  it("reads the legacy header with lengths of one, two and four octets", () => {
    expect(split(0x88, 1, 9)).toEqual([[2, [9]]]);
    expect(split(0x89, 0, 1, 9)).toEqual([[2, [9]]]);
    expect(split(0x8a, 0, 0, 0, 1, 9)).toEqual([[2, [9]]]);
  });
  it("reads several, and none", () => {
    expect(split(0xc2, 0, 0xcd, 1, 5)).toEqual([
      [2, []],
      [13, [5]],
    ]);
    expect(split()).toEqual([]);
  });
  it.each([
    ["a byte without the packet bit", [0x02, 0]],
    ["a partial length", [0xc2, 0xe0, 1]],
    ["an indeterminate length", [0x8b, 1]],
    ["a body that is cut off", [0xc2, 2, 1]],
    ["a length that is cut off", [0xc2, 255, 0, 0]],
    ["a header alone", [0xc2]],
    ["a huge length", [0xc2, 255, 255, 255, 255, 255]],
  ])("refuses %s (ERR_PARSE)", (_, values) => {
    expect(() => split(...values)).toThrowCode("ERR_PARSE");
  });
  it("inverts what is packed", () => {
    const body = Buffer.alloc(300, 3);
    for (const format of ["new", "old"] as const) {
      expect(splitPackets(packet(2, body, format), "test")).toEqual([{ tag: 2, body }]);
    }
  });
});

describe("PacketReader.part", () => {
  it("reads its own bytes alone, and the whole goes on behind them", () => {
    const whole = new PacketReader(bytes(1, 2, 3, 4, 5), "test");
    expect(whole.byte()).toBe(1);
    const part = whole.part(3);
    expect([part.left, part.offset, whole.left, whole.offset]).toEqual([3, 0, 1, 4]);
    expect(part.hex(2)).toBe("0203");
    expect([...part.part(1).rest()]).toEqual([4]);
    expect(() => part.byte()).toThrowCode("ERR_PARSE");
    expect(() => part.end()).not.toThrow();
    expect([...whole.rest()]).toEqual([5]);
  });
  it("refuses more than there is, of the part as of the whole (ERR_PARSE)", () => {
    const whole = new PacketReader(bytes(1, 2, 3), "test");
    expect(() => whole.part(4)).toThrowCode("ERR_PARSE");
    const part = whole.part(1);
    for (const read of [() => part.uint16(), () => part.bytes(2), () => part.hex(2), () => part.part(2)]) {
      expect(read).toThrowCode("ERR_PARSE");
    }
    expect(() => new PacketReader(bytes(0, 16, 1, 1), "test").part(3).mpi(false)).toThrowCode("ERR_PARSE");
  });
});

describe("PacketReader.mpi", () => {
  const read = (exact: boolean, ...values: number[]): number[] => [
    ...new PacketReader(bytes(...values), "test").mpi(exact),
  ];
  it("reads numbers of exact length either way", () => {
    expect(read(true, 0, 9, 1, 0xff)).toEqual([1, 0xff]);
    expect(read(false, 0, 9, 1, 0xff)).toEqual([1, 0xff]);
    expect(read(true, 0, 0)).toEqual([]);
  });
  it("drops leading zeros where old writers left them", () => {
    expect(read(false, 0, 16, 0, 5)).toEqual([5]);
    expect(read(false, 0, 8, 0)).toEqual([]);
  });
  it("refuses a length that is not exact where it must be, and a number that is cut off (ERR_PARSE)", () => {
    expect(() => read(true, 0, 16, 0, 5)).toThrowCode("ERR_PARSE");
    expect(() => read(true, 0, 7, 0xff)).toThrowCode("ERR_PARSE");
    expect(() => read(false, 0, 16, 1)).toThrowCode("ERR_PARSE");
  });
});
