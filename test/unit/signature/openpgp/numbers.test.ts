import { describe, expect, it } from "@jest/globals";
import { isBetweenZeroAnd, isReducedEdwards, leftPad } from "../../../../src/signature/openpgp/numbers.ts";
import { bytes, hex } from "../../../support/openpgp.ts";

describe("leftPad", () => {
  it("fills with zeros, and refuses what does not fit", () => {
    expect([...(leftPad(bytes(1, 2), 4) ?? [])]).toEqual([0, 0, 1, 2]);
    expect([...(leftPad(bytes(1, 2), 2) ?? [])]).toEqual([1, 2]);
    expect(leftPad(bytes(1, 2, 3), 2)).toBeNull();
  });
});

describe("isBetweenZeroAnd", () => {
  const limit = bytes(2, 0);
  it("takes what is above zero and below the limit", () => {
    expect(isBetweenZeroAnd(limit, bytes(1))).toBe(true);
    expect(isBetweenZeroAnd(limit, bytes(1, 255))).toBe(true);
  });
  it("refuses zero, the limit and what is above it", () => {
    for (const number of [bytes(), bytes(2, 0), bytes(2, 1), bytes(1, 0, 0)])
      expect(isBetweenZeroAnd(limit, number)).toBe(false);
  });
});

describe("isReducedEdwards", () => {
  it.each([
    ["Ed25519", "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"],
    [
      "Ed448",
      "f34458ab92c27823558fc58d72c26c219036d6ae49db4ec4e923ca7cffffffffffffffffffffffffffffffffffffffffffffffffffffff3f00",
    ],
  ])("takes S below the order of the %s group, not the order itself nor more", (_, order) => {
    const signature = (change: number): Uint8Array => {
      const s = hex(order);
      s[0] = (s[0] ?? 0) + change;
      return Buffer.concat([Buffer.alloc(s.length), s]);
    };
    expect(isReducedEdwards(signature(-1))).toBe(true);
    expect(isReducedEdwards(signature(0))).toBe(false);
    expect(isReducedEdwards(signature(1))).toBe(false);
    expect(isReducedEdwards(Buffer.alloc(hex(order).length * 2))).toBe(true);
  });
});
