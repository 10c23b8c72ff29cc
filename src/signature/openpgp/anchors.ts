/** The policy's OpenPGP certificates, found by the id of any key in them. */
import type { KeyWindow } from "../../model.ts";
import type { OpenPgpCertificate, OpenPgpKey } from "./certificate.ts";

export interface OpenPgpEntry {
  readonly kind: "openpgp";
  readonly certificate: OpenPgpCertificate;
  readonly principal: string;
  readonly window: KeyWindow;
}

/** A key that a signature may have been made by, and whose certificate it stands in. */
export interface OpenPgpCandidate {
  readonly key: OpenPgpKey;
  readonly entry: OpenPgpEntry;
}

/**
 * Ids only select candidates: 64 bits collide on demand (facts: evil32, nullprogram 2019), so one id may name several
 * keys, and every one of them is tried.
 */
export class OpenPgpAnchors {
  readonly #byKeyId = new Map<string, OpenPgpCandidate[]>();

  constructor(entries: readonly OpenPgpEntry[]) {
    for (const entry of entries) for (const key of entry.certificate.keys) this.#add({ key, entry });
  }

  /** `keyId`: 16 upper-case hexadecimal digits. In the order of the policy. */
  candidates(keyId: string): readonly OpenPgpCandidate[] {
    return this.#byKeyId.get(keyId) ?? [];
  }

  #add(candidate: OpenPgpCandidate): void {
    const known = this.#byKeyId.get(candidate.key.keyId);
    if (known === undefined) this.#byKeyId.set(candidate.key.keyId, [candidate]);
    else known.push(candidate);
  }
}
