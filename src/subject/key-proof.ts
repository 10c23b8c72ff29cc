import { concatBytes, fromLatin1 } from "../encoding/bytes.ts";
import type { Bytes, Signed } from "../model.ts";
import { formatOf } from "./fields.ts";

/** The first line, by which what was signed is no commit, tag, certificate, approval or record. */
const KEY_PROOF_VERSION = "signpolicy key 1";

/** Whose key it is, as the key itself says. */
export interface KeyClaim {
  readonly principal: string;
  /** Bytes as latin-1 text. */
  readonly emails: readonly string[];
  readonly fingerprint: string;
}

/**
 * What a key signs to say whose it is. It names the principal's e-mails, so that a proof made in one repository says
 * nothing in another where that name is somebody else's. E-mails hold no line end (policy/fields.ts).
 */
export function keyClaimPayload({ principal, emails, fingerprint }: KeyClaim): Bytes {
  const lines = [
    KEY_PROOF_VERSION,
    `principal ${principal}`,
    ...[...emails].sort().map((email) => `email ${email}`),
    `key ${fingerprint}`,
    "",
  ];
  return fromLatin1(lines.join("\n"));
}

/** The claim with a signature over it, which nobody has verified. */
export function signedKeyClaim(claim: KeyClaim, proof: string): Signed {
  const bytes = concatBytes(Buffer.from(proof.trim(), "latin1"), Buffer.from("\n"));
  return { payload: keyClaimPayload(claim), signatures: [{ format: formatOf(bytes), bytes }] };
}
