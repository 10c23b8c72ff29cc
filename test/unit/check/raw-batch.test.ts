import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { isPackable, packBatch, unpackBatch } from "../../../src/check/raw-batch.ts";
import type { RawCheck } from "../../../src/signature/raw.ts";

const keys = [1, 2].map(() => generateKeyPairSync("ed25519").publicKey);
const key = (index: number): KeyObject => keys[index] as KeyObject;
const CHECKS: readonly RawCheck[] = [
  { key: key(1), hash: null, message: Buffer.from("digest"), signature: Buffer.alloc(64, 1) },
  { key: key(0), hash: "sha512", message: Buffer.alloc(0), signature: Buffer.alloc(512, 2) },
  { key: key(1), hash: "sha256", message: Buffer.alloc(3000, 3), signature: Buffer.alloc(0) },
];
const pack = () => packBatch(CHECKS, (of) => keys.indexOf(of));

describe("a batch of checks", () => {
  it("holds what was put into it, in order", () => {
    const read = [...unpackBatch(pack(), keys)];
    expect(read.map((check) => check.key)).toEqual([key(1), key(0), key(1)]);
    expect(
      read.map(({ hash, message, signature }) => ({
        hash,
        message: Buffer.from(message),
        signature: Buffer.from(signature),
      })),
    ).toEqual(CHECKS.map(({ hash, message, signature }) => ({ hash, message, signature })));
  });
  it("is refused whole where it is cut off, holds more than it says, or names a key that never came", () => {
    const { bytes, count } = pack();
    expect(() => [...unpackBatch({ bytes: bytes.slice(0, -1), count }, keys)]).toThrow();
    expect(() => [...unpackBatch({ bytes, count: count - 1 }, keys)]).toThrow();
    expect(() => [...unpackBatch({ bytes, count: count + 1 }, keys)]).toThrow();
    expect(() => [...unpackBatch({ bytes, count }, keys.slice(0, 1))]).toThrow();
  });
  it("takes no check with a hash that the other side has no number for", () => {
    expect(CHECKS.every(isPackable)).toBe(true);
    expect(isPackable({ ...(CHECKS[0] as RawCheck), hash: "shake128" })).toBe(false);
  });
});
