import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decodeArmor } from "../../src/encoding/armor.ts";
import { encodeBase64 } from "../../src/encoding/base64.ts";
import { asBuffer, concatBytes, equalBytes } from "../../src/encoding/bytes.ts";
import { KeyError } from "../../src/errors.ts";
import type { Bytes } from "../../src/model.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import { itHolds } from "../support/fuzz.ts";
import { edits } from "../support/mutations.ts";
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

const PAYLOAD = text("tree 0\n\nmessage\n");

const ca = ed25519Key();
const certified = ed25519Key();
const KEYS = [ed25519Key(), ecdsaKey("nistp256"), ecdsaKey("nistp521"), rsaKey(), skEd25519Key(), skEcdsaKey()];
const TRUST = sshTrust([caEntry(ca), ...KEYS.map((key) => keyEntry(key))]);
const GOOD: readonly Bytes[] = [
  ...KEYS.map((key) => sshSigBlob(key, PAYLOAD)),
  sshSigBlob(certified, PAYLOAD, { publicKey: certify(ca, certified) }),
];

const edited = edits([], GOOD, 3);

const verify = (signature: Bytes, payload = PAYLOAD) => verifySsh(signature, payload, TRUST, TIMES);

describe("SSH signatures under random change", () => {
  it("verify as they are", async () => {
    for (const blob of GOOD) expect((await verify(sshArmor(blob))).outcome).toBe("verified");
  });
  itHolds(
    "verify only while the decoded bytes are the same: changes of the container",
    () =>
      fc.asyncProperty(fc.constantFrom(...GOOD), edited, async (blob, change) => {
        const changed = change(blob);
        const { outcome } = await verify(sshArmor(changed));
        expect(outcome === "verified").toBe(equalBytes(changed, blob));
      }),
    { runs: 150 },
  );
  itHolds(
    "verify only while the decoded bytes are the same: changes of the armor",
    () =>
      fc.asyncProperty(fc.constantFrom(...GOOD), edited, async (blob, change) => {
        const armor = change(sshArmor(blob));
        const { outcome } = await verify(armor);
        if (outcome === "verified") expect(equalBytes(decodeArmor(armor, "SSH SIGNATURE"), blob)).toBe(true);
      }),
    { runs: 150 },
  );
  itHolds(
    "never verify over another payload",
    () =>
      fc.asyncProperty(fc.constantFrom(...GOOD), edited, async (blob, change) => {
        const payload = change(PAYLOAD);
        const { outcome } = await verify(sshArmor(blob), payload);
        expect(outcome === "verified").toBe(equalBytes(payload, PAYLOAD));
      }),
    { runs: 150 },
  );
});

describe("bytes from outside", () => {
  itHolds(
    "always give evidence",
    () =>
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, inContainer) => {
        const blob = inContainer ? concatBytes(text("SSHSIG\0\0\0\x01"), bytes) : bytes;
        for (const signature of [bytes, sshArmor(blob)]) {
          expect((await verify(signature)).outcome).toMatch(/^(?:refuted|undecided)$/u);
        }
      }),
    { runs: 150 },
  );
  itHolds(
    "give a key or a KeyError, and a key prints as it was read",
    () => {
      const lines = KEYS.map(({ line }) => asBuffer(text(line)));
      return fc.property(fc.constantFrom(...lines), edited, (line, change) => {
        const changed = asBuffer(change(line)).toString("latin1");
        try {
          const key = parseSshPublicKey(changed);
          expect(changed.split(/[ \t]+/u).slice(0, 2)).toEqual([key.type, encodeBase64(key.blob)]);
        } catch (error) {
          if (!(error instanceof KeyError)) throw error;
        }
      });
    },
    { runs: 150 },
  );
});
