import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decodeArmor } from "../../src/encoding/armor.ts";
import { encodeBase64 } from "../../src/encoding/base64.ts";
import { asBuffer, concatBytes, equalBytes } from "../../src/encoding/bytes.ts";
import { KeyError } from "../../src/errors.ts";
import type { Bytes } from "../../src/model.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import {
  TIMES,
  caEntry,
  certify,
  ecdsaKey,
  ed25519Key,
  keyEntry,
  rsaKey,
  skEcdsaKey,
  skEd25519Key,
  sshArmor,
  sshSigBlob,
  sshTrust,
  text,
} from "../support/ssh.ts";

const RUNS = { numRuns: process.env["SLOW"] === undefined ? 150 : 20_000 };
const PAYLOAD = text("tree 0\n\nmessage\n");

const ca = ed25519Key();
const certified = ed25519Key();
const KEYS = [ed25519Key(), ecdsaKey("nistp256"), ecdsaKey("nistp521"), rsaKey(), skEd25519Key(), skEcdsaKey()];
const TRUST = sshTrust([caEntry(ca), ...KEYS.map((key) => keyEntry(key))]);
const GOOD: readonly Bytes[] = [
  ...KEYS.map((key) => sshSigBlob(key, PAYLOAD)),
  sshSigBlob(certified, PAYLOAD, { publicKey: certify(ca, certified) }),
];

/** Up to three cuts, each replaced by other bytes: flips, insertions, deletions, and pieces of other signatures. */
const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat({ max: 8 }),
    paste: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc
        .tuple(fc.constantFrom(...GOOD), fc.nat({ max: 600 }), fc.nat({ max: 80 }))
        .map(([blob, from, length]) => Uint8Array.from(blob.subarray(from, from + length))),
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

function apply(bytes: Bytes, changes: readonly { at: number; cut: number; paste: Bytes }[]): Bytes {
  let changed = bytes;
  for (const { at, cut, paste } of changes) {
    const from = Math.floor(at * (changed.length + 1));
    changed = concatBytes(changed.subarray(0, from), paste, changed.subarray(from + cut));
  }
  return changed;
}

const verify = (signature: Bytes, payload = PAYLOAD) => verifySsh(signature, payload, TRUST, TIMES);

describe("SSH signatures under random change", () => {
  it("verify as they are", async () => {
    for (const blob of GOOD) expect((await verify(sshArmor(blob))).outcome).toBe("verified");
  });
  it("verify only while the decoded bytes are the same: changes of the container", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...GOOD), edits, async (blob, changes) => {
        const changed = apply(blob, changes);
        const { outcome } = await verify(sshArmor(changed));
        expect(outcome === "verified").toBe(equalBytes(changed, blob));
      }),
      RUNS,
    );
  });
  it("verify only while the decoded bytes are the same: changes of the armor", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...GOOD), edits, async (blob, changes) => {
        const armor = apply(sshArmor(blob), changes);
        const { outcome } = await verify(armor);
        if (outcome === "verified") expect(equalBytes(decodeArmor(armor, "SSH SIGNATURE"), blob)).toBe(true);
      }),
      RUNS,
    );
  });
  it("never verify over another payload", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...GOOD), edits, async (blob, changes) => {
        const payload = apply(PAYLOAD, changes);
        const { outcome } = await verify(sshArmor(blob), payload);
        expect(outcome === "verified").toBe(equalBytes(payload, PAYLOAD));
      }),
      RUNS,
    );
  });
});

describe("bytes from outside", () => {
  it("always give evidence", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, inContainer) => {
        const blob = inContainer ? concatBytes(text("SSHSIG\0\0\0\x01"), bytes) : bytes;
        for (const signature of [bytes, sshArmor(blob)]) {
          expect((await verify(signature)).outcome).toMatch(/^(?:refuted|undecided)$/u);
        }
      }),
      RUNS,
    );
  });
  it("give a key or a KeyError, and a key prints as it was read", () => {
    const lines = KEYS.map(({ line }) => asBuffer(text(line)));
    fc.assert(
      fc.property(fc.constantFrom(...lines), edits, (line, changes) => {
        const changed = asBuffer(apply(line, changes)).toString("latin1");
        try {
          const key = parseSshPublicKey(changed);
          expect(changed.split(/[ \t]+/u).slice(0, 2)).toEqual([key.type, encodeBase64(key.blob)]);
        } catch (error) {
          if (!(error instanceof KeyError)) throw error;
        }
      }),
      RUNS,
    );
  });
});
