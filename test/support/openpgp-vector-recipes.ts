/** The vectors of test/vectors/openpgp that are made part by part: what each shows, and what must come of it. */
import { concatBytes, fromLatin1 } from "../../src/encoding/bytes.ts";
import type { AlgorithmPolicy, Bytes, KeyWindow } from "../../src/model.ts";
import type { SigningTimes } from "../../src/signature/times.ts";
import {
  ALICE,
  DAY,
  MADE,
  NOW,
  PAYLOAD,
  SIGNED,
  armor,
  backSignature,
  binding,
  bytes,
  certification,
  directKey,
  ecdsaKey,
  ed25519Key,
  eddsaKey,
  issuerKeyId,
  keyLifetime,
  lifetime,
  notation,
  packet,
  publicKey,
  publicSubkey,
  revocation,
  revocationKey,
  rsaKey,
  signature,
  signatureBody,
  simpleCertificate,
  subpacket,
  userId,
  withSubkey,
} from "./openpgp.ts";

export interface Recipe {
  readonly expect: string;
  readonly comment: string;
  readonly source?: string;
  readonly armored: Bytes;
  /** In the order of alice, bob. */
  readonly certificates: readonly Bytes[];
  readonly window?: KeyWindow;
  readonly times?: Partial<SigningTimes>;
  readonly algorithms?: Partial<AlgorithmPolicy>;
  readonly payload?: Bytes;
}

const alice = eddsaKey({ seed: 1 });
const bob = eddsaKey({ seed: 2 });
const sub = eddsaKey({ seed: 3, created: MADE + DAY });
const good = simpleCertificate(alice);
const back = backSignature(alice, sub, { at: SIGNED });
const forged = { issuer: alice, unhashed: [issuerKeyId(alice)] };
const plain = signature(alice);
const body = signatureBody(alice, [PAYLOAD]);
const armored = (...packets: readonly Bytes[]): Bytes => armor("PGP SIGNATURE", concatBytes(...packets));
const by = (options: Parameters<typeof signature>[2], key = alice): Bytes => signature(key, PAYLOAD, options);
const alone = (...parts: readonly Bytes[]): readonly Bytes[] => [concatBytes(...parts)];
const expiring = (seconds: number, at = MADE): Bytes =>
  certification(alice, ALICE, { at, hashed: [keyLifetime(seconds)] });
const bare = concatBytes(publicKey(alice), userId(ALICE));

export const recipe = (
  expect: string,
  comment: string,
  armored: Bytes,
  certificates: readonly Bytes[],
  more: Partial<Recipe> = {},
): Recipe => ({
  expect,
  comment,
  armored,
  certificates,
  ...more,
});

export function handMade(): Readonly<Record<string, Recipe>> {
  const rsa = rsaKey(2048);
  const weak = rsaKey(1024);
  const p256 = ecdsaKey("p256");
  const p384 = ecdsaKey("p384");
  const modern = ed25519Key({ version: 6, seed: 4 });
  const flagless = simpleCertificate(alice, { flags: 0x01 });
  const named = concatBytes(
    publicKey(alice),
    directKey(alice, { flags: null, hashed: [revocationKey(bob)] }),
    userId(ALICE),
    certification(alice, ALICE),
  );
  return {
    "good-eddsa": recipe("verified alice", "EdDSA (22), version 4", plain, [good]),
    "good-ed25519": recipe("verified alice", "Ed25519 (27), version 4", signature(ed25519Key()), [
      simpleCertificate(ed25519Key()),
    ]),
    "good-v6": recipe("verified alice", "Ed25519, version 6 with salt", signature(modern), [simpleCertificate(modern)]),
    "good-rsa": recipe("verified alice", "RSA 2048", signature(rsa), [simpleCertificate(rsa)]),
    "good-p256": recipe("verified alice", "ECDSA P-256", signature(p256), [simpleCertificate(p256)]),
    "good-subkey": recipe("verified alice", "a cross-signed subkey of a certify-only key", signature(sub), [
      withSubkey(alice, sub, { back }),
    ]),
    "good-second-principal": recipe("verified bob", "the key that verified is credited", signature(bob), [
      good,
      simpleCertificate(bob),
    ]),
    "good-extended": recipe(
      "verified alice",
      "expired once, extended after the signature",
      plain,
      alone(bare, expiring(DAY), expiring(NOW, SIGNED + DAY)),
    ),
    "changed-payload": recipe("refuted bad-signature", "other bytes", plain, [good], { payload: fromLatin1("other") }),
    "wrong-prefix": recipe("refuted bad-signature", "digest prefix in clear is wrong", by({ prefix: bytes(1, 2) }), [
      good,
    ]),
    "misnamed-issuer": recipe(
      "refuted bad-signature",
      "alice's signature names bob by fingerprint",
      by({ issuer: bob }),
      [good, simpleCertificate(bob)],
    ),
    "forged-revoked": recipe(
      "refuted bad-signature",
      "a forgery naming a revoked key is a forgery",
      signature(bob, PAYLOAD, forged),
      alone(good, revocation(alice, SIGNED, 2)),
    ),
    "v4-by-v6-key": recipe(
      "refuted bad-signature",
      "version 4 signature of a version 6 key",
      signature(modern, PAYLOAD, { version: 4 }),
      [simpleCertificate(modern)],
    ),
    "unknown-key": recipe("undecided unknown-key", "no such key", signature(bob), [good]),
    "unknown-namesake": recipe(
      "undecided unknown-key",
      "another key with the same 64-bit id",
      signature(bob, PAYLOAD, {
        issuer: { version: 4, fingerprint: `${"AB".repeat(12)}${alice.keyId}` },
        unhashed: [],
      }),
      [good],
    ),
    expired: recipe("refuted key-expired", "signed after the key expired", plain, alone(bare, expiring(DAY))),
    "expired-since": recipe(
      "verified alice lapsed key-expired",
      "the key expired since",
      plain,
      alone(bare, expiring(SIGNED + 1 - MADE)),
    ),
    "expired-subkey": recipe("refuted key-expired", "signed after the subkey expired", signature(sub), [
      withSubkey(alice, sub, { back, hashed: [keyLifetime(DAY)] }),
    ]),
    "expired-extension-forged": recipe(
      "refuted key-expired",
      "a stranger extended the key",
      plain,
      alone(bare, expiring(DAY), certification(alice, ALICE, { ...forged, maker: bob, at: SIGNED })),
    ),
    until: recipe("refuted key-expired", "signed at the policy's `until`", plain, [good], {
      window: { until: SIGNED },
    }),
    "before-key": recipe("refuted key-not-yet-valid", "signature older than its key", by({ at: MADE - 1 }), [good]),
    from: recipe("refuted key-not-yet-valid", "signed before the policy's `from`", plain, [good], {
      window: { from: SIGNED + 1 },
    }),
    "revoked-no-reason": recipe(
      "refuted key-revoked",
      "hard, made after the signature",
      plain,
      alone(good, revocation(alice, SIGNED + DAY, null)),
    ),
    "revoked-compromised": recipe(
      "refuted key-revoked",
      "hard, made after the signature",
      plain,
      alone(good, revocation(alice, SIGNED + DAY, 2)),
    ),
    "revoked-soft-before": recipe(
      "refuted key-revoked",
      "superseded before the signature",
      plain,
      alone(good, revocation(alice, SIGNED - DAY, 1)),
    ),
    "revoked-soft-after": recipe(
      "verified alice lapsed key-revoked",
      "retired after the signature",
      plain,
      alone(good, revocation(alice, SIGNED + DAY, 3)),
    ),
    "revoked-softened": recipe(
      "verified alice lapsed key-revoked",
      "the policy's `retired` softens a revocation without reason",
      plain,
      alone(good, revocation(alice, SIGNED + DAY, 0)),
      { window: { retired: SIGNED + DAY } },
    ),
    "revoked-by-stranger": recipe(
      "verified alice",
      "a stranger's revocation is nothing",
      plain,
      alone(good, revocation(alice, SIGNED, 2, { maker: bob })),
    ),
    "revoked-by-designated": recipe(
      "refuted key-revoked",
      "a designated revoker's revocation is present",
      plain,
      alone(named, revocation(alice, SIGNED + DAY, 1, { maker: bob })),
    ),
    compromised: recipe("refuted key-revoked", "the policy marks the key", plain, [good], {
      window: { compromised: true },
    }),
    retired: recipe("refuted key-retired", "signed after the policy retired the key", plain, [good], {
      window: { retired: SIGNED },
    }),
    "retired-since": recipe("verified alice lapsed key-retired", "the policy retired the key since", plain, [good], {
      window: { retired: SIGNED + 1 },
    }),
    "no-self-signature": recipe("refuted key-invalid", "nothing binds the key to its user ID", plain, [bare]),
    "no-back-signature": recipe("refuted key-invalid", "subkey adopted without its consent", signature(sub), [
      withSubkey(alice, sub, { back: null }),
    ]),
    "back-signature-type": recipe("refuted key-invalid", "0x18 in place of 0x19", signature(sub), [
      withSubkey(alice, sub, { back: backSignature(alice, sub, { at: SIGNED, type: 0x18 }) }),
    ]),
    "bound-by-stranger": recipe("refuted key-invalid", "subkey bound by another key", signature(sub), [
      withSubkey(alice, sub, { back, maker: bob, ...forged }),
    ]),
    "certify-only": recipe("refuted not-signing-capable", "certify-only primary key", plain, [flagless]),
    "encryption-subkey": recipe("refuted not-signing-capable", "the subkey is for encryption", signature(sub), [
      withSubkey(alice, sub, { flags: 0x0c, back: null }),
    ]),
    "signature-expired": recipe(
      "refuted signature-expired",
      "past the signature's own expiry",
      by({ hashed: [lifetime(DAY)] }),
      [good],
    ),
    future: recipe("refuted signature-in-future", "dated beyond five minutes ahead", by({ at: NOW + 301 }), [good]),
    sha1: recipe("refuted weak-algorithm", "SHA-1", by({ hash: "sha1" }), [good]),
    "sha1-self-signature": recipe("refuted weak-algorithm", "the key rests on SHA-1", plain, [
      simpleCertificate(alice, { hash: "sha1" }),
    ]),
    "rsa-1024": recipe("refuted weak-algorithm", "RSA 1024", signature(weak), [simpleCertificate(weak)]),
    "rsa-below-policy": recipe(
      "refuted weak-algorithm",
      "the policy asks for 3072",
      signature(rsa),
      [simpleCertificate(rsa)],
      { algorithms: { rsaBits: 3072 } },
    ),
    "hash-below-policy": recipe(
      "refuted weak-algorithm",
      "the policy asks for SHA-512",
      by({ hash: "sha256" }),
      [good],
      { algorithms: { hashes: ["sha512"] } },
    ),
    "hash-below-curve": recipe(
      "refuted weak-algorithm",
      "SHA-256 under P-384",
      signature(p384, PAYLOAD, { hash: "sha256" }),
      [simpleCertificate(p384)],
    ),
    text: recipe("refuted wrong-signature-type", "type 0x01", by({ type: 0x01 }), [good]),
    timestamp: recipe("refuted wrong-signature-type", "type 0x40", by({ type: 0x40 }), [good]),
    "two-packets": recipe(
      "refuted multiple-signatures",
      "two signature packets",
      armored(packet(2, body), packet(2, body)),
      [good],
    ),
    "two-blocks": recipe("refuted multiple-signatures", "two armor blocks", concatBytes(plain, plain), [good]),
    "hidden-packet": recipe(
      "refuted multiple-signatures",
      "a version 3 packet that parsers drop",
      armored(packet(2, body), packet(2, bytes(3, 0))),
      [good],
    ),
    "text-around": recipe(
      "refuted malformed",
      "text behind the armor",
      concatBytes(plain, fromLatin1("signed by Bob\n")),
      [good],
    ),
    truncated: recipe("refuted malformed", "armor cut off", plain.subarray(0, plain.length - 60), [good]),
    "partial-length": recipe(
      "refuted malformed",
      "a packet of partial length",
      armored(concatBytes(bytes(0xc2, 0xe0), body)),
      [good],
    ),
    "no-issuer": recipe("refuted malformed", "names no key", by({ issuer: null, unhashed: [] }), [good]),
    "no-time": recipe("refuted malformed", "no creation time in the hashed area", by({ at: null }), [good]),
    "salt-size": recipe(
      "refuted malformed",
      "version 6 with a salt of the wrong size",
      signature(modern, PAYLOAD, { salt: bytes(1, 2, 3, 4) }),
      [simpleCertificate(modern)],
    ),
    "critical-subpacket": recipe(
      "undecided unsupported",
      "critical subpacket of unknown type",
      by({ hashed: [subpacket(100, bytes(), true)] }),
      [good],
    ),
    "critical-notation": recipe(
      "undecided unsupported",
      "critical notation",
      by({ hashed: [notation("a@example.org", true)] }),
      [good],
    ),
    "version-3": recipe(
      "undecided unsupported",
      "version 3 signature",
      armored(packet(2, concatBytes(bytes(3), body.subarray(1)))),
      [good],
    ),
    "too-large": recipe(
      "refuted resource-limit",
      "more than 64 KiB",
      by({ unhashed: [subpacket(100, Buffer.alloc(50_000))] }),
      [good],
    ),
    "bound-twice": recipe(
      "refuted key-revoked",
      "a new binding does not undo a revocation",
      signature(sub),
      alone(
        good,
        publicSubkey(sub),
        binding(alice, sub, { back }),
        revocation(alice, SIGNED, 2, { subkey: sub }),
        binding(alice, sub, { back, at: SIGNED + DAY }),
      ),
    ),
  };
}
