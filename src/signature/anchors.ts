import type { AlgorithmPolicy } from "../model.ts";
import { OpenPgpAnchors } from "./openpgp/anchors.ts";
import type { OpenPgpEntry } from "./openpgp/anchors.ts";
import { renewCertificate } from "./openpgp/merge.ts";
import { SshAnchors } from "./ssh/anchors.ts";
import type { SshCaEntry, SshKeyEntry } from "./ssh/anchors.ts";

/** One key of the policy: whose it is, and the policy's own limits on it. */
export type AnchorEntry = OpenPgpEntry | SshKeyEntry | SshCaEntry;

/** Every key a policy trusts, ready to be looked up. Made by `createAnchors`. */
export interface Anchors {
  readonly size: number;
  /** What it was made of. */
  readonly entries: readonly AnchorEntry[];
  readonly algorithms: AlgorithmPolicy;
  readonly openpgp: OpenPgpAnchors;
  readonly ssh: SshAnchors;
}

/** Indexes the keys of a policy. No cryptography happens before a signature needs a key. */
export function createAnchors(entries: readonly AnchorEntry[], algorithms: AlgorithmPolicy): Anchors {
  return {
    size: entries.length,
    entries,
    algorithms,
    openpgp: new OpenPgpAnchors(entries.filter((entry) => entry.kind === "openpgp")),
    ssh: new SshAnchors(entries.filter((entry) => entry.kind !== "openpgp")),
  };
}

/**
 * The same keys, with the longer life that newer copies of their OpenPGP certificates give them; null where none does. Keys that
 * only the newer ones hold, and whatever they say against a key, are left out.
 */
export function renewAnchors(known: Anchors, newer: Anchors): Anchors | null {
  const entries = known.entries.map((entry): AnchorEntry => {
    if (entry.kind !== "openpgp") return entry;
    const { fingerprint } = entry.certificate;
    const copy = newer.entries.find(
      (other) =>
        other.kind === "openpgp" &&
        other.principal === entry.principal &&
        other.certificate.fingerprint === fingerprint &&
        other.certificate !== entry.certificate,
    );
    if (copy?.kind !== "openpgp") return entry;
    return { ...entry, certificate: renewCertificate(entry.certificate, copy.certificate) };
  });
  const renewed = entries.some((entry, index) => entry !== known.entries[index]);
  return renewed ? createAnchors(entries, known.algorithms) : null;
}
