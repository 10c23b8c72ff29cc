import { describe, expect, it } from "@jest/globals";
import {
  bitLength,
  isEd25519Scalar,
  isWeakEd25519Point,
  padLeft,
  readUnsigned,
  toBigInt,
} from "../../../../src/signature/ssh/numbers.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const little = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse());

describe("readUnsigned", () => {
  it("drops the sign byte and nothing else", () => {
    expect([...readUnsigned(bytes(), "n")]).toEqual([]);
    expect([...readUnsigned(bytes(0x7f), "n")]).toEqual([0x7f]);
    expect([...readUnsigned(bytes(0, 0x80), "n")]).toEqual([0x80]);
  });
  it.each([[[0]], [[0, 0]], [[0, 0x7f]], [[0x80]], [[0xff, 1]]])("refuses %j (ERR_PARSE)", (mpint) => {
    expect(() => readUnsigned(bytes(...mpint), "n")).toThrowCode("ERR_PARSE");
  });
});

describe("numbers", () => {
  it("count their bits", () => {
    expect(bitLength(bytes())).toBe(0);
    expect(bitLength(bytes(1))).toBe(1);
    expect(bitLength(bytes(0x80))).toBe(8);
    expect(bitLength(bytes(1, 0))).toBe(9);
  });
  it("become integers, and are padded", () => {
    expect(toBigInt(bytes())).toBe(0n);
    expect(toBigInt(bytes(1, 0))).toBe(256n);
    expect([...padLeft(bytes(5), 3)]).toEqual([0, 0, 5]);
    expect([...padLeft(bytes(5), 1)]).toEqual([5]);
  });
});

describe("Ed25519 ranges", () => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const field = 2n ** 255n - 19n;
  it("end below the group order", () => {
    expect(isEd25519Scalar(little(order - 1n))).toBe(true);
    expect(isEd25519Scalar(little(order))).toBe(false);
    expect(isEd25519Scalar(little(2n ** 256n - 1n))).toBe(false);
  });
  it("leave out every point of small order and every second spelling", () => {
    const d = modulo(-121665n * inverse(121666n, field), field);
    for (const y of [0n, 1n, field - 1n, ...orderEight]) expect(isWeakEd25519Point(little(y))).toBe(true);
    for (const y of orderEight) expect(doublesToOrderFour(y, d, field)).toBe(true);
    expect(isWeakEd25519Point(little(field + 3n))).toBe(true);
    expect(isWeakEd25519Point(little(4n))).toBe(false);
  });
});

const orderEight = [
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
];

const modulo = (value: bigint, field: bigint): bigint => ((value % field) + field) % field;

function power(base: bigint, exponent: bigint, field: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n, square = (square * square) % field) {
    if (left & 1n) result = (result * square) % field;
  }
  return result;
}

const inverse = (value: bigint, field: bigint): bigint => power(modulo(value, field), field - 2n, field);

/** Doubling (x, y) gives y' = (y² + x²)/(2 + x² − y²) on −x² + y² = 1 + d·x²y²; the points of order 4 have y' = 0. */
function doublesToOrderFour(y: bigint, d: bigint, field: bigint): boolean {
  const y2 = (y * y) % field;
  const x2 = modulo((y2 - 1n) * inverse(d * y2 + 1n, field), field);
  return modulo(y2 + x2, field) === 0n;
}
