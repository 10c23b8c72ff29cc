/**
 * Whole objects, signed by git with every kind of key and by ourselves with keys that git cannot make, then changed at
 * random. What is still verified holds exactly the bytes that its signer signed:
 *
 * - the payload, which is also what git takes for it, and all that is read from the object beside its signature;
 * - of an OpenPGP signature the type, the algorithms, the hashed area and the numbers; its unhashed area and the armor are
 *   anybody's;
 * - of an SSH signature the whole container; the armor is anybody's.
 */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decodeArmor } from "../../src/encoding/armor.ts";
import { concatBytes, equalBytes, fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import { KeyError, ParseError } from "../../src/errors.ts";
import type { Bytes, Evidence, HashAlgorithm, ObjectId, RefName, Signed } from "../../src/model.ts";
import { createAnchors } from "../../src/signature/anchors.ts";
import type { AnchorEntry } from "../../src/signature/anchors.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import type { OpenPgpCertificate } from "../../src/signature/openpgp/certificate.ts";
import { splitPackets } from "../../src/signature/openpgp/packets.ts";
import { readSignature } from "../../src/signature/openpgp/signature.ts";
import { verifySigned } from "../../src/signature/verify.ts";
import { parseApproval, renderStatement } from "../../src/subject/approval.ts";
import { parseEnvelope, preAuthentication, renderEnvelope } from "../../src/subject/dsse.ts";
import { parseRecordWitness } from "../../src/subject/record-witness.ts";
import { joinCommit, splitCommit } from "../../src/subject/split.ts";
import { itHolds } from "../support/fuzz.ts";
import { payloadOfBuffer, payloadOfCommit, payloadOfTag } from "../support/git-payload.ts";
import { bitFlip, edits, fieldMoves, inArmor, lineMoves, packetMoves } from "../support/mutations.ts";
import type { Mutation } from "../support/mutations.ts";
import { parseSample, readObjectVectors } from "../support/object-samples.ts";
import { OID, OID256, rawCommit, rawTag } from "../support/objects.ts";
import * as pgp from "../support/openpgp.ts";
import * as ssh from "../support/ssh.ts";

type Kind = "commit" | "tag" | "push" | "statement" | "witness";

interface Sample {
  readonly kind: Kind;
  readonly algorithm: HashAlgorithm;
  readonly raw: Bytes;
}

// ── made by ourselves ───────────────────────────────────────────────────────────────────────────────────────────

const pgpKey = pgp.ed25519Key({ seed: 5 });
const pgpPrimary = pgp.ed25519Key({ seed: 6 });
const pgpV6 = pgp.ed25519Key({ seed: 7, version: 6 });
const pgpRsa = pgp.rsaKey();
const sshKey = ssh.ed25519Key(Buffer.alloc(32, "a key"));
const CERTIFICATES = [pgp.withSubkey(pgpPrimary, pgpKey), pgp.simpleCertificate(pgpRsa), pgp.simpleCertificate(pgpV6)];

const SIGNERS: readonly ((payload: Bytes) => Bytes)[] = [
  (payload) => pgp.signature(pgpKey, payload),
  (payload) => pgp.signature(pgpV6, payload),
  (payload) => ssh.sshSig(sshKey, payload),
];

const STATEMENT = renderStatement({
  deed: "approve",
  root: OID,
  ref: "refs/heads/main" as RefName,
  commits: [{ tree: "2".repeat(40) as ObjectId, parents: [OID] }],
  at: pgp.SIGNED,
  until: pgp.SIGNED + pgp.DAY,
});
const WITNESS = fromLatin1(
  [
    "signpolicy record witness 1",
    "record 0123456789abcdef",
    `root ${OID}`,
    `head 7 ${"ab".repeat(32)}`,
    "until 2026-01-02T00:00:00Z",
    "",
    `2026-01-01T00:00:00Z ${OID}`,
    `2026-01-01T00:00:01Z ${"2".repeat(40)}`,
    "",
  ].join("\n"),
);

/** The object of this kind with this payload (of a statement: the body) under this signature. */
function build({ kind, algorithm }: Omit<Sample, "raw">, payload: Bytes, signature: Bytes): Bytes {
  if (kind === "statement") return renderEnvelope(payload, "a hint", signature);
  if (kind !== "commit") return concatBytes(payload, signature);
  const name = algorithm === "sha1" ? "gpgsig" : "gpgsig-sha256";
  return joinCommit({ payload, headers: [{ name, at: splitCommit(payload, algorithm).headerEnd, value: signature }] });
}

const OURS = SIGNERS.flatMap((sign): readonly Sample[] => {
  const made = (kind: Kind, algorithm: HashAlgorithm, payload: Bytes, signed = payload): Sample => ({
    kind,
    algorithm,
    raw: build({ kind, algorithm }, payload, sign(signed)),
  });
  return [
    made("commit", "sha1", rawCommit({ parents: [OID] })),
    made("commit", "sha256", rawCommit({ algorithm: "sha256", parents: [OID256] })),
    made("tag", "sha1", rawTag()),
    made("tag", "sha256", rawTag({ algorithm: "sha256" })),
    made("statement", "sha1", STATEMENT, preAuthentication(STATEMENT)),
    made("witness", "sha1", WITNESS),
  ];
});

// ── all of them ─────────────────────────────────────────────────────────────────────────────────────────────────

const GITS = readObjectVectors();
const SAMPLES: readonly Sample[] = [...GITS, ...OURS];
const ANCHORS = createAnchors(
  [
    ...new Map(GITS.map(({ signer }) => [JSON.stringify(idOf(signer)), signer])).values(),
    ...CERTIFICATES.map((bytes) => ({
      kind: "openpgp" as const,
      certificate: readCertificate(bytes),
      principal: "alice",
      window: {},
    })),
    ssh.keyEntry(sshKey),
  ],
  ssh.ALGORITHMS,
);
const TIMES = { now: pgp.NOW, claimed: pgp.SIGNED, receivedAt: null };

function idOf(entry: AnchorEntry): string {
  return entry.kind === "openpgp" ? entry.certificate.fingerprint : entry.key.fingerprint;
}

function parse({ kind, algorithm }: Omit<Sample, "raw">, raw: Bytes): Signed {
  if (kind === "statement") return parseApproval(raw);
  if (kind === "witness") return parseRecordWitness(raw);
  return parseSample({ kind, algorithm }, raw);
}

const signatureOf = (sample: Sample): Bytes => parse(sample, sample.raw).signatures[0]?.bytes ?? new Uint8Array();
const payloadOf = (sample: Sample): Bytes =>
  sample.kind === "statement" ? parseEnvelope(sample.raw).body : parse(sample, sample.raw).payload;

/** What of a signature is signed, or is the signature itself. */
function coreOf(armored: Bytes): string {
  if (latin1(armored).startsWith("-----BEGIN SSH")) return latin1(decodeArmor(armored, "SSH SIGNATURE"));
  const [packet] = splitPackets(decodeArmor(armored, "PGP SIGNATURE"), "signature");
  const read = readSignature(packet?.body ?? new Uint8Array());
  if ("unsupported" in read) throw new Error(read.unsupported);
  return [read.trailer, read.salt, ...read.numbers].map(latin1).join("|");
}

/** All that a signature vouches for: by which key, over what, read as what. */
function vouched(object: Signed, evidence: Evidence): string {
  if (evidence.outcome !== "verified") throw new Error(`the sample is not verified: ${evidence.code}`);
  const { signatures, payload, ...facts } = object;
  const [signature] = signatures;
  return JSON.stringify([
    evidence.signer,
    latin1(payload),
    facts,
    evidence.signedAt,
    signature === undefined ? null : coreOf(signature.bytes),
  ]);
}

/** What people signed; nothing else may ever be verified. */
const signed = new Set<string>();
for (const sample of SAMPLES) {
  const object = parse(sample, sample.raw);
  const [evidence] = await verifySigned(object, ANCHORS, TIMES);
  signed.add(vouched(object, evidence));
}

const gitPayload = { commit: payloadOfCommit, tag: payloadOfTag, push: payloadOfBuffer, witness: payloadOfBuffer };

interface Tally {
  refused: number;
  unverified: number;
  verified: number;
}

async function judge(sample: Omit<Sample, "raw">, raw: Bytes, tally: Tally): Promise<void> {
  let object: Signed;
  try {
    object = parse(sample, raw);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    tally.refused += 1;
    return;
  }
  const [evidence, ...others] = await verifySigned(object, ANCHORS, TIMES);
  expect(others).toEqual([]);
  tally[evidence.outcome === "verified" ? "verified" : "unverified"] += 1;
  if (evidence.outcome !== "verified") return;
  if (!signed.has(vouched(object, evidence))) throw new Error(`verified, yet nobody signed it: ${latin1(raw)}`);
  if (sample.kind === "statement") return;
  expect(equalBytes(gitPayload[sample.kind](raw), object.payload)).toBe(true);
  // Nor is there anything in the object beside what was signed and the two algorithms' signatures.
  if (sample.kind !== "commit" && sample.kind !== "tag") return;
  expect(equalBytes(gitPayload[sample.kind](raw, /^gpgsig(?:-sha256)? /), object.payload)).toBe(true);
}

// ── changes ─────────────────────────────────────────────────────────────────────────────────────────────────────

const PIECES = [
  ...[
    "\n",
    " ",
    "\r\n",
    "\n\n",
    "gpgsig ",
    "gpgsig-sha256 ",
    "gpgsigx ",
    "=",
    "\0",
    "\xef\xbb\xbf",
    "-----END SSH SIGNATURE-----\n",
  ],
  ...["-----BEGIN PGP SIGNATURE-----\n", "mergetag ", "push-option signpolicy.override=x\n", "encoding x\n"],
].map((piece) => fromLatin1(piece));
const RAWS = SAMPLES.map(({ raw }) => raw);
const SIGNATURES = SAMPLES.map(signatureOf);
const isSsh = (armored: Bytes): boolean => latin1(armored).startsWith("-----BEGIN SSH");
const BLOBS = SIGNATURES.filter(isSsh).map((armored) => decodeArmor(armored, "SSH SIGNATURE"));
const PACKETS = SIGNATURES.filter((armored) => !isSsh(armored)).map((armored) => decodeArmor(armored, "PGP SIGNATURE"));

/** Headers in which something could hide from a signature, and what ends them. */
const ODD = [
  "\n",
  "gpgsigx y\n",
  "gpgsig-sha256 y\n z\n",
  "gpgsig y\n",
  "gpgsig\n",
  "gpgsig-sha256x y\n",
  "encoding x\n",
  "x y\n",
  " y\n",
];
const anywhere = fc.oneof(edits(PIECES, RAWS), bitFlip, lineMoves(RAWS, ODD));
const inSignature = fc.oneof(
  inArmor(fc.oneof(packetMoves, fieldMoves(BLOBS), bitFlip, edits([], [...BLOBS, ...PACKETS], 2))),
  inArmor(fc.constant((data: Bytes) => data)),
  edits(PIECES, SIGNATURES, 2),
  lineMoves(SIGNATURES),
);
const several = (mutation: fc.Arbitrary<Mutation>): fc.Arbitrary<Mutation> =>
  fc
    .array(mutation, { minLength: 1, maxLength: 3 })
    .map((all) => (raw) => all.reduce((changed, change) => change(changed), raw));

const names: Readonly<Record<Kind, string>> = {
  commit: "commits",
  tag: "tags",
  push: "push certificates",
  statement: "approvals",
  witness: "exported records",
};

describe("signed objects under random change", () => {
  describe.each(Object.entries(names) as [Kind, string][])("%s: %s", (kind) => {
    const own = SAMPLES.filter((sample) => sample.kind === kind);
    const sample = fc.constantFrom(...own);

    itHolds(
      "are verified only where the very bytes were signed: changed anywhere",
      () =>
        fc.asyncProperty(sample, several(anywhere), (one, change) =>
          judge(one, change(one.raw), { refused: 0, unverified: 0, verified: 0 }),
        ),
      { runs: 300 },
    );

    const tally: Tally = { refused: 0, unverified: 0, verified: 0 };
    itHolds(
      "are verified only where the very bytes were signed: changed in the signature, its armor mended",
      () =>
        fc.asyncProperty(sample, inSignature, (one, change) =>
          judge(one, build(one, payloadOf(one), change(signatureOf(one))), tally),
        ),
      { runs: 300 },
    );
    it("are verified now and then when changed there, since armor and unhashed areas are nobody's", () => {
      expect(tally.verified).toBeGreaterThan(0);
      expect(tally.unverified).toBeGreaterThan(tally.verified / 10);
    });

    itHolds(
      "are verified only where the very bytes were signed: changed in what was signed, or another's signature under it",
      () => {
        const other = fc.option(fc.constantFrom(...SIGNATURES), { nil: null });
        return fc.asyncProperty(sample, several(anywhere), other, fc.boolean(), (one, change, signature, isChanged) => {
          const payload = isChanged ? change(payloadOf(one)) : payloadOf(one);
          return judge(one, build(one, payload, signature ?? signatureOf(one)), {
            refused: 0,
            unverified: 0,
            verified: 0,
          });
        });
      },
      { runs: 300 },
    );
  });

  it("never pass for an object of another kind", async () => {
    for (const one of SAMPLES) {
      for (const kind of Object.keys(names) as Kind[]) {
        if (kind === one.kind) continue;
        const tally: Tally = { refused: 0, unverified: 0, verified: 0 };
        await judge({ kind, algorithm: one.algorithm }, one.raw, tally);
        expect(tally.verified).toBe(0);
      }
    }
  });
});

describe("OpenPGP certificates under random change", () => {
  const payload = fromLatin1("payload");
  /** Each with what one of its keys signed. */
  const owned: readonly { readonly certificate: Bytes; readonly object: Signed }[] = [
    ...CERTIFICATES.map((certificate, index) => {
      const key = [pgpKey, pgpRsa, pgpV6][index] ?? pgpKey;
      const signatures = [{ format: "openpgp" as const, bytes: pgp.signature(key, payload) }];
      return { certificate, object: { payload, signatures } };
    }),
    ...GITS.flatMap((vector) =>
      vector.certificate === null || vector.kind !== "commit"
        ? []
        : [{ certificate: vector.certificate, object: parse(vector, vector.raw) }],
    ),
  ];
  const all = owned.map(({ certificate }) => certificate);
  const keys = new Map(
    all.flatMap((certificate) => readCertificate(certificate).keys).map((key) => [key.fingerprint, key.body]),
  );

  itHolds(
    "throw nothing but KeyError, and let nothing verify that their owner did not sign",
    () => {
      const changes = several(fc.oneof(edits([], all), bitFlip));
      return fc.asyncProperty(fc.constantFrom(...owned), changes, async ({ certificate, object }, change) => {
        let read: OpenPgpCertificate;
        try {
          read = readCertificate(change(certificate));
        } catch (error) {
          if (!(error instanceof KeyError)) throw error;
          return;
        }
        const entry = { kind: "openpgp" as const, certificate: read, principal: "x", window: {} };
        const [evidence] = await verifySigned(object, createAnchors([entry], ssh.ALGORITHMS), TIMES);
        if (evidence.outcome !== "verified") return;
        const { fingerprint } = evidence.signer.key;
        const key = read.keys.find((one) => one.fingerprint === fingerprint);
        const own = keys.get(fingerprint);
        expect(key !== undefined && own !== undefined && equalBytes(key.body, own)).toBe(true);
      });
    },
    { runs: 300 },
  );
});
