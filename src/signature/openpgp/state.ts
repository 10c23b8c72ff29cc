/**
 * What a certificate's own signatures say of one of its keys, as gpg judges it (g10/getkey.c): the newest valid
 * self-signature counts, whenever the signature under judgement was made. Sequoia and OpenPGP.js take the newest one older
 * than that signature, and refuse the old commits of everybody who ever extended a key's expiry.
 */
import type { AlgorithmPolicy, Seconds } from "../../model.ts";
import type { Reason } from "../times.ts";
import { ALGORITHM, hashFacts } from "./algorithms.ts";
import type { OpenPgpCertificate } from "./certificate.ts";
import type { Binding, Examined, Revocation, SelfSignature } from "./examine.ts";
import type { OpenPgpKey } from "./key.ts";
import type { OpenPgpSignature } from "./signature.ts";

export interface KeyState {
  /** Nothing valid makes this key part of the certificate, or a signing subkey has not signed back. */
  readonly invalid: Reason | null;
  readonly revocations: readonly Revocation[];
  readonly revokedByOther: boolean;
  readonly weak: Reason | null;
  readonly maySign: boolean;
  /** First moment at which it has expired; `Infinity`: never. */
  readonly expires: Seconds;
}

const SIGN_FLAG = 0x02;

const keyInvalid = (detail: string): Reason => ({ code: "key-invalid", detail });

/** The state of one key of the certificate at `now`; a subkey falls with its primary key. */
export function keyState(
  certificate: OpenPgpCertificate,
  examined: Examined,
  key: OpenPgpKey,
  algorithms: AlgorithmPolicy,
  now: Seconds,
): KeyState {
  const primary = primaryState(certificate, examined, algorithms, now);
  if (key === certificate.keys[0]) return primary;
  const subkey = subkeyState(certificate.keys[0], examined, key, algorithms, now);
  return {
    invalid: primary.invalid ?? subkey.invalid,
    revocations: [...primary.revocations, ...subkey.revocations],
    revokedByOther: primary.revokedByOther,
    weak: primary.weak ?? subkey.weak,
    maySign: subkey.maySign,
    expires: Math.min(primary.expires, subkey.expires),
  };
}

function primaryState(
  { keys: [key] }: OpenPgpCertificate,
  { direct, users, revocations, revokedByOther }: Examined,
  algorithms: AlgorithmPolicy,
  now: Seconds,
): KeyState {
  const directOne = last(direct.filter((one) => ownEnd(one, now) === Infinity));
  const { live, dead } = userSignatures(users, now);
  const others = live.length > 0 ? live : directOne === null ? [...dead, ...direct] : dead;
  const valid = last(directOne === null ? others : [...live, directOne]);
  // A direct-key signature goes before user IDs whatever its date; then the newest that says anything (merge_selfsigs_main).
  const saying = (says: (facts: OpenPgpSignature["facts"]) => boolean): SelfSignature | null =>
    directOne !== null && says(directOne.signature.facts)
      ? directOne
      : last(others.filter(({ signature }) => says(signature.facts)));
  const flags = saying(({ keyFlags }) => keyFlags !== null);
  const expiry = saying(({ keyLifetime }) => keyLifetime !== null);
  const lifetime = expiry?.signature.facts.keyLifetime ?? Infinity;
  return {
    invalid: valid === null ? (unproven(key) ?? keyInvalid("the key has no valid self-signature")) : null,
    revocations,
    revokedByOther,
    weak: weakKey(key, algorithms) ?? firstWeak([valid, flags, expiry], key, algorithms),
    maySign: maySign(key, flags?.signature ?? null),
    expires: Math.min(key.created + lifetime, valid === null ? Infinity : ownEnd(valid, now)),
  };
}

function subkeyState(
  primary: OpenPgpKey,
  { subkeys }: Examined,
  key: OpenPgpKey,
  algorithms: AlgorithmPolicy,
  now: Seconds,
): KeyState {
  const { bindings, revocations } = subkeys.get(key) ?? { bindings: [], revocations: [] };
  const binding: Binding | null = newest(bindings, now);
  const signs = binding !== null && maySign(key, binding.signature);
  const backSignature = newest(
    (binding?.backSignatures ?? []).filter((one) => ownEnd(one, now) === Infinity),
    now,
  );
  let invalid: Reason | null = null;
  if (binding === null) invalid = keyInvalid("the subkey is not bound to its primary key by any valid signature");
  else if (signs && backSignature === null) {
    invalid = keyInvalid(
      "the subkey has not signed back to its primary key, which may have adopted a stranger's subkey",
    );
  }
  const lifetime = binding?.signature.facts.keyLifetime ?? Infinity;
  return {
    invalid,
    revocations,
    revokedByOther: false,
    weak:
      weakKey(key, algorithms) ??
      firstWeak([binding], primary, algorithms) ??
      firstWeak([backSignature], key, algorithms),
    maySign: signs,
    expires: Math.min(key.created + lifetime, binding === null ? Infinity : ownEnd(binding, now)),
  };
}

/**
 * The newest self-signature of each user ID, oldest first. Of a user ID that was revoked since, or whose certification has
 * ended, gpg takes nothing, and lets a key without any other sign by default and for ever; here what such a one says
 * still counts where nothing else does. A user ID can be certified again after its revocation: revoking an address does
 * not revoke the key.
 */
function userSignatures(
  users: Examined["users"],
  now: Seconds,
): { readonly live: readonly SelfSignature[]; readonly dead: readonly SelfSignature[] } {
  const live: SelfSignature[] = [];
  const dead: SelfSignature[] = [];
  // Of two user IDs certified in the same second gpg goes by the first.
  for (const { certifications, revocations } of users.toReversed()) {
    const certification = last(certifications);
    if (certification === null) continue;
    const isRevoked = revocations.some(({ created }) => created >= certification.created);
    (isRevoked || ownEnd(certification, now) < Infinity ? dead : live).push(certification);
  }
  return { live: sorted(live), dead: sorted(dead) };
}

/** The newest that has not itself expired; where all have, the newest, whose end then ends the key. */
function newest<S extends SelfSignature>(signatures: readonly S[], now: Seconds): S | null {
  return last(signatures.filter((one) => ownEnd(one, now) === Infinity)) ?? last(signatures);
}

/** When a self-signature itself expired, `Infinity` where it has not by `now`. */
function ownEnd({ signature, created }: SelfSignature, now: Seconds): Seconds {
  const end = created + (signature.facts.lifetime ?? Infinity);
  return end <= now ? end : Infinity;
}

const sorted = <S extends SelfSignature>(signatures: readonly S[]): S[] =>
  [...signatures].sort((a, b) => a.created - b.created);

/** Of two of the same second the later in the file, like gpg. */
const last = <S extends SelfSignature>(signatures: readonly S[]): S | null => sorted(signatures).at(-1) ?? null;

/** Without any key flags gpg goes by what the algorithm can do; version 6 has no keys that old. */
export function maySign(key: OpenPgpKey, from: OpenPgpSignature | null): boolean {
  if (key.material.kind === "none" || key.publicKeyAlgorithm === ALGORITHM.rsaEncryptOnly) return false;
  const flags = from?.facts.keyFlags ?? null;
  return flags === null ? key.version === 4 : (flags & SIGN_FLAG) !== 0;
}

const weakAlgorithm = (detail: string): Reason => ({ code: "weak-algorithm", detail });

/** Why nothing that this key signs, its own certificate included, is ever proven here. */
function unproven(key: OpenPgpKey): Reason | null {
  if (key.material.kind !== "none") return null;
  if (key.publicKeyAlgorithm === ALGORITHM.dsa) return weakKey(key, { rsaBits: 0, hashes: [] });
  return { code: "unsupported", detail: `keys of algorithm ${key.algorithm} are not supported` };
}

function weakKey(key: OpenPgpKey, { rsaBits }: AlgorithmPolicy): Reason | null {
  if (key.publicKeyAlgorithm === ALGORITHM.dsa) return weakAlgorithm("DSA keys are too weak");
  if (key.algorithm === "rsa" && key.bits < rsaBits) {
    return weakAlgorithm(`RSA key of ${key.bits} bits, the policy asks for ${rsaBits}`);
  }
  return null;
}

/** Only those self-signatures are judged from which something is taken: an old SHA-1 one under a newer one does no harm. */
function firstWeak(
  sources: readonly (SelfSignature | null)[],
  maker: OpenPgpKey,
  algorithms: AlgorithmPolicy,
): Reason | null {
  for (const source of sources) {
    const problem = source === null ? null : weakHash(source.signature, maker, algorithms);
    if (problem !== null) return weakAlgorithm(`the key rests on a self-signature with ${problem}`);
  }
  return null;
}

/** What is wrong with the hash of a signature by `maker`, in words; null where it is good. */
export function weakHash(
  { hashAlgorithm }: OpenPgpSignature,
  maker: OpenPgpKey,
  { hashes }: AlgorithmPolicy,
): string | null {
  const facts = hashFacts(hashAlgorithm);
  if (facts === null) return `hash ${hashAlgorithm}, which is not known`;
  const allowed: readonly string[] = hashes;
  if (!allowed.includes(facts.name)) return `${facts.name}, which the policy does not allow`;
  // RFC 9580 §5.2.3.3; gpg refuses it, too.
  const { material } = maker;
  const needed = material.kind === "ecdsa" ? material.curve.minimumHashBits : material.kind === "ed448" ? 512 : 0;
  return facts.bits < needed ? `${facts.name}, which is too short for ${maker.algorithm}` : null;
}
