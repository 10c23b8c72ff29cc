/** Whole objects, signed in either format and then changed at random: what is verified was signed, and nothing throws. */
import { describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { concatBytes, equalBytes, fromLatin1 } from "../../src/encoding/bytes.ts";
import { KeyError, ParseError } from "../../src/errors.ts";
import type { Bytes, Commit, HashAlgorithm, Tag } from "../../src/model.ts";
import { createAnchors } from "../../src/signature/anchors.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import { verifySigned } from "../../src/signature/verify.ts";
import { parseCommit } from "../../src/subject/commit.ts";
import { joinCommit, splitCommit } from "../../src/subject/split.ts";
import { parseTag } from "../../src/subject/tag.ts";
import { RUNS } from "../support/arbitraries.ts";
import { OID, OID256, rawCommit, rawTag } from "../support/objects.ts";
import * as pgp from "../support/openpgp.ts";
import * as ssh from "../support/ssh.ts";

jest.setTimeout(600_000);

const pgpKey = pgp.ed25519Key({ seed: 5 });
const pgpPrimary = pgp.ed25519Key({ seed: 6 });
const pgpRsa = pgp.rsaKey();
const sshKey = ssh.ed25519Key();
const sshRsa = ssh.rsaKey();
const sshCa = ssh.ed25519Key();
const sshLeaf = ssh.ed25519Key();

const CERTIFICATES = [pgp.withSubkey(pgpPrimary, pgpKey), pgp.simpleCertificate(pgpRsa)];
const ANCHORS = createAnchors(
  [
    ...CERTIFICATES.map((certificate) => ({
      kind: "openpgp" as const,
      certificate: readCertificate(certificate),
      principal: "alice",
      window: {},
    })),
    ssh.keyEntry(sshKey),
    ssh.keyEntry(sshRsa),
    ssh.caEntry(sshCa),
  ],
  ssh.ALGORITHMS,
);

const SIGNERS: readonly ((payload: Bytes) => Bytes)[] = [
  (payload) => pgp.signature(pgpKey, payload),
  (payload) => pgp.signature(pgpRsa, payload),
  (payload) => ssh.sshSig(sshKey, payload),
  (payload) => ssh.sshSig(sshRsa, payload),
  (payload) => ssh.sshSig(sshLeaf, payload, { publicKey: ssh.certify(sshCa, sshLeaf) }),
];

function signedCommit(algorithm: HashAlgorithm, sign: (payload: Bytes) => Bytes): Bytes {
  const payload = rawCommit({ algorithm, parents: [algorithm === "sha1" ? OID : OID256] });
  const name = algorithm === "sha1" ? "gpgsig" : "gpgsig-sha256";
  const at = splitCommit(payload, algorithm).headerEnd;
  return joinCommit({ payload, headers: [{ name, at, value: sign(payload) }] });
}

const signedTag = (algorithm: HashAlgorithm, sign: (payload: Bytes) => Bytes): Bytes => {
  const payload = rawTag({ algorithm });
  return concatBytes(payload, sign(payload));
};

interface Sample {
  readonly kind: "commit" | "tag";
  readonly algorithm: HashAlgorithm;
  readonly raw: Bytes;
}

const SAMPLES: readonly Sample[] = (["sha1", "sha256"] as const).flatMap((algorithm) =>
  SIGNERS.flatMap((sign): Sample[] => [
    { kind: "commit", algorithm, raw: signedCommit(algorithm, sign) },
    { kind: "tag", algorithm, raw: signedTag(algorithm, sign) },
  ]),
);

const PASTES = ["\n", " ", "\r\n", "\n\n", "gpgsig ", "gpgsig-sha256 ", "=", "\0", "-----END SSH SIGNATURE-----\n"].map(
  fromLatin1,
);

const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat({ max: 6 }),
    paste: fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.constantFrom(...PASTES),
      fc
        .tuple(fc.constantFrom(...SAMPLES), fc.nat({ max: 1500 }), fc.nat({ max: 700 }))
        .map(([{ raw }, from, length]) => raw.subarray(from, from + length)),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

function apply(bytes: Bytes, changes: readonly { at: number; cut: number; paste: Bytes }[]): Bytes {
  let changed = bytes;
  for (const { at, cut, paste } of changes) {
    const from = Math.floor(at * (changed.length + 1));
    changed = concatBytes(changed.subarray(0, from), paste, changed.subarray(from + cut));
  }
  return changed;
}

const parse = ({ kind, algorithm }: Sample, raw: Bytes): Commit | Tag => {
  const oid = algorithm === "sha1" ? OID : OID256;
  return kind === "commit" ? parseCommit(oid, raw, algorithm) : parseTag(oid, raw, algorithm);
};
const TIMES = { now: pgp.NOW, claimed: pgp.SIGNED, receivedAt: null };
const payloads = new Set(SAMPLES.map((sample) => Buffer.from(parse(sample, sample.raw).payload).toString("latin1")));

describe("signed objects under random change", () => {
  it("verify as they are", async () => {
    for (const sample of SAMPLES) {
      const [evidence] = await verifySigned(parse(sample, sample.raw), ANCHORS, TIMES);
      expect(evidence.outcome).toBe("verified");
    }
  });
  it("verify only where the payload is one that was signed, and throw nothing but ParseError", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...SAMPLES), edits, async (sample, changes) => {
        let object: Commit | Tag;
        try {
          object = parse(sample, apply(sample.raw, changes));
        } catch (error) {
          if (!(error instanceof ParseError)) throw error;
          return;
        }
        const [evidence, ...others] = await verifySigned(object, ANCHORS, TIMES);
        expect(others).toEqual([]);
        if (evidence.outcome !== "verified") return;
        expect(payloads).toContain(Buffer.from(object.payload).toString("latin1"));
      }),
      RUNS,
    );
  });
});

describe("OpenPGP certificates under random change", () => {
  it("throw nothing but KeyError, and let nothing verify that their owner did not sign", async () => {
    const payload = fromLatin1("payload");
    const good = [pgp.signature(pgpKey, payload), pgp.signature(pgpRsa, payload)];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...CERTIFICATES), edits, async (certificate, changes) => {
        const changed = apply(certificate, changes);
        try {
          const entry = { kind: "openpgp" as const, certificate: readCertificate(changed), principal: "x", window: {} };
          const anchors = createAnchors([entry], ssh.ALGORITHMS);
          for (const bytes of good) {
            const signed = { payload, signatures: [{ format: "openpgp" as const, bytes }] };
            const [evidence] = await verifySigned(signed, anchors, TIMES);
            if (evidence.outcome !== "verified") continue;
            const { fingerprint } = evidence.signer.key;
            expect([pgpKey.fingerprint, pgpRsa.fingerprint]).toContain(fingerprint);
            const key = entry.certificate.keys.find((one) => one.fingerprint === fingerprint);
            const own = [pgpKey, pgpRsa].find((one) => one.fingerprint === fingerprint);
            expect(key !== undefined && own !== undefined && equalBytes(key.body, own.body)).toBe(true);
          }
        } catch (error) {
          if (!(error instanceof KeyError)) throw error;
        }
      }),
      RUNS,
    );
  });
});
