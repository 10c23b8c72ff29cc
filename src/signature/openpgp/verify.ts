/** OpenPGP signatures over commits and tags: bytes from outside, the policy's keys and three clocks give evidence. */
import { decodeArmor } from "../../encoding/armor.ts";
import { asBuffer } from "../../encoding/bytes.ts";
import { formatTime } from "../../encoding/time.ts";
import { ParseError } from "../../errors.ts";
import type { AlgorithmPolicy, Bytes, Evidence, Seconds } from "../../model.ts";
import type { Anchors } from "../anchors.ts";
import { verifyInPool } from "../raw.ts";
import type { RawVerifier } from "../raw.ts";
import { withoutCompromise } from "../times.ts";
import type { Reason, SigningTimes } from "../times.ts";
import { ALGORITHM } from "./algorithms.ts";
import type { OpenPgpCandidate } from "./anchors.ts";
import { PACKET, splitPackets } from "./packets.ts";
import { provesSignature } from "./prove.ts";
import { SIGNATURE_TYPE, readSignature } from "./signature.ts";
import type { OpenPgpSignature } from "./signature.ts";
import type { IssuerHints } from "./subpackets.ts";
import { currentState, judgeKey, knownState, withoutHardRevocations } from "./standing.ts";
import { weakHash } from "./state.ts";

/**
 * What one OpenPGP signature (armored) proves about `payload`. The signature is proven by cryptography before anything is
 * said of the standing of its key, so that a forgery which names a revoked key is a forgery. Every key that the signature
 * may mean is tried; credited is the one that made it, by its full fingerprint.
 *
 * Whatever the bytes hold, the answer is evidence, never an exception.
 */
export function verifyOpenPgp(
  armored: Bytes,
  payload: Bytes,
  anchors: Anchors,
  times: SigningTimes,
  raw: RawVerifier = verifyInPool,
): Evidence | Promise<Evidence> {
  let signature: DocumentSignature | Reason;
  try {
    signature = readDocumentSignature(armored);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    signature = { code: "malformed", detail: error.message };
  }
  if ("code" in signature) return refuse(signature, null, null);
  const candidates = findCandidates(signature, anchors);
  if (candidates.length === 0) return refuse(unknownKey(signature), signature, null);
  return judge(signature, payload, candidates, anchors.algorithms, times, raw);
}

/** A signature of the one shape that may stand under a commit or tag; nothing about it is proven. */
interface DocumentSignature {
  readonly packet: OpenPgpSignature;
  readonly created: Seconds;
  /** First moment at which the signature itself has expired; `Infinity`: never. */
  readonly ends: Seconds;
  readonly issuer: string;
  /** Ids of the keys that it may mean, each once. */
  readonly keyIds: readonly string[];
}

const BEGIN = "-----BEGIN PGP SIGNATURE-----";

/** @throws ParseError */
function readDocumentSignature(armored: Bytes): DocumentSignature | Reason {
  let bytes: Bytes;
  try {
    bytes = decodeArmor(armored, "PGP SIGNATURE");
  } catch (error) {
    // Two blocks never decode.
    const text = asBuffer(armored);
    if (!text.includes(BEGIN, text.indexOf(BEGIN) + 1)) throw error;
    return { code: "multiple-signatures", detail: "more than one armor block" };
  }
  const [first, ...others] = splitPackets(bytes, "OpenPGP signature");
  // Attack 13: two signatures, one's result, the other's name. Attacks 16, 17: messages and compressed data.
  if (first?.tag !== PACKET.signature) return malformed("the armor holds something else than a signature");
  if (others.some(({ tag }) => tag === PACKET.signature)) {
    return { code: "multiple-signatures", detail: "the armor holds more than one signature" };
  }
  if (others.length > 0) return malformed("the armor holds something beside the signature");
  const packet = readSignature(first.body);
  if ("unsupported" in packet) return { code: "unsupported", detail: packet.unsupported };
  return readDocumentFacts(packet);
}

function readDocumentFacts(packet: OpenPgpSignature): DocumentSignature | Reason {
  const { facts, issuers, type } = packet;
  if (type !== SIGNATURE_TYPE.document) {
    const shown = type.toString(16).padStart(2, "0");
    return { code: "wrong-signature-type", detail: `signature of type 0x${shown}, a commit or tag takes 0x00 alone` };
  }
  if (facts.notUnderstood !== null) return { code: "unsupported", detail: `the signature has ${facts.notUnderstood}` };
  if (facts.repeats) return malformed("the signature says the same thing twice");
  if (facts.created === null) return malformed("the signature has no creation time in its hashed area");
  if (packet.publicKeyAlgorithm === ALGORITHM.dsa) {
    return { code: "weak-algorithm", detail: "DSA signatures are too weak" };
  }
  const issuer = issuers.fingerprints[0]?.fingerprint ?? issuers.keyIds[0];
  if (issuer === undefined) return malformed("the signature does not name the key that made it");
  return {
    packet,
    created: facts.created,
    ends: facts.created + (facts.lifetime ?? Infinity),
    issuer,
    keyIds: idsOf(issuers),
  };
}

function idsOf({ fingerprints, keyIds }: IssuerHints): readonly string[] {
  const ids: string[] = [];
  for (const fingerprint of fingerprints) if (!ids.includes(idOf(fingerprint))) ids.push(idOf(fingerprint));
  for (const keyId of keyIds) if (!ids.includes(keyId)) ids.push(keyId);
  return ids;
}

const idOf = ({ version, fingerprint }: { version: number; fingerprint: string }): string =>
  version === 4 ? fingerprint.slice(-16) : fingerprint.slice(0, 16);

const malformed = (detail: string): Reason => ({ code: "malformed", detail });

function findCandidates({ keyIds }: DocumentSignature, { openpgp }: Anchors): readonly OpenPgpCandidate[] {
  const [only, another] = keyIds;
  return only !== undefined && another === undefined
    ? openpgp.candidates(only)
    : keyIds.flatMap((keyId) => openpgp.candidates(keyId));
}

const unknownKey = ({ issuer }: DocumentSignature): Reason => ({
  code: "unknown-key",
  detail: `the policy lists no key ${issuer}`,
});

async function judge(
  signature: DocumentSignature,
  payload: Bytes,
  candidates: readonly OpenPgpCandidate[],
  algorithms: AlgorithmPolicy,
  times: SigningTimes,
  raw: RawVerifier,
): Promise<Evidence> {
  const { packet, created, ends, issuer, keyIds } = signature;
  let isMeant = false;
  let refusal: Evidence | null = null;
  for (const { key, entry } of candidates) {
    // Not even tried: a list of every key of the policy would have a large object hashed for each.
    if (!namesOnly(signature, key)) continue;
    isMeant = true;
    const { certificate, principal, window } = entry;
    const weak = weakHash(packet, key, algorithms);
    if (weak !== null) {
      refusal ??= refuse({ code: "weak-algorithm", detail: `the signature uses ${weak}` }, signature, principal);
      continue;
    }
    if (!(await provesSignature(key, packet, [payload], raw))) continue;
    const state =
      knownState(key, algorithms, times.now) ?? (await currentState(certificate, key, algorithms, times.now, raw));
    const isRescued = times.rescued?.has(certificate.fingerprint) === true;
    const { refuted, lapsed } = isRescued
      ? judgeKey(withoutHardRevocations(state), key, withoutCompromise(window), created, times)
      : judgeKey(state, key, window, created, times);
    const reason = refuted ?? (ends <= times.now ? signatureExpired(ends) : null);
    if (reason === null) {
      const { fingerprint, algorithm, bits } = key;
      const signer = { key: { fingerprint, primary: certificate.fingerprint, algorithm, bits }, principal };
      const verified = { outcome: "verified", format: "openpgp", issuer, signedAt: created, signer, lapsed } as const;
      return ends === Infinity ? verified : { ...verified, ends };
    }
    // The same subkey may stand in a second certificate, rightly there.
    refusal = refuse(reason, signature, principal);
  }
  if (!isMeant && keyIds.length > 1) {
    // Attacks 19 and 79.
    return refuse({ code: "bad-signature", detail: "the signature names several keys as its maker" }, signature, null);
  }
  return refusal ?? unproven(signature, candidates);
}

/** Attacks 19 and 79: the result of one key must not go under the name of another, hashed or not. */
function namesOnly({ packet: { issuers } }: DocumentSignature, key: OpenPgpCandidate["key"]): boolean {
  return (
    issuers.keyIds.every((keyId) => keyId === key.keyId) &&
    issuers.fingerprints.every(({ fingerprint }) => fingerprint === key.fingerprint)
  );
}

const signatureExpired = (ends: Seconds): Reason => ({
  code: "signature-expired",
  detail: `the signature itself expired on ${formatTime(ends)}`,
});

/** None of the keys made it: a forgery, or one of a key that only shares its 64-bit id with ours (attack 34). */
function unproven(signature: DocumentSignature, candidates: readonly OpenPgpCandidate[]): Evidence {
  const { fingerprints } = signature.packet.issuers;
  const isOurs = fingerprints.every(({ fingerprint }) => candidates.some(({ key }) => key.fingerprint === fingerprint));
  if (!isOurs) return refuse(unknownKey(signature), signature, null);
  const detail = "the signature does not match what it stands under";
  return refuse({ code: "bad-signature", detail }, signature, candidates[0]?.entry.principal ?? null);
}

function refuse({ code, detail }: Reason, signature: DocumentSignature | null, suspect: string | null): Evidence {
  return {
    outcome: code === "unknown-key" || code === "unsupported" ? "undecided" : "refuted",
    format: "openpgp",
    code,
    detail,
    issuer: signature?.issuer ?? null,
    signedAt: signature?.created ?? null,
    suspect,
  };
}
