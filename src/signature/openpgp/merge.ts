/** What a newer copy of a certificate adds to an older one. */
import { equalBytes } from "../../encoding/bytes.ts";
import type { OpenPgpCertificate } from "./certificate.ts";
import type { OpenPgpKey } from "./key.ts";
import type { OpenPgpSignature } from "./signature.ts";

/**
 * The certificate with the self-signatures that a newer copy has for the keys and subkeys that it holds: a longer life. No key
 * of the newer copy, and no revocation, is taken over.
 */
export function renewCertificate(known: OpenPgpCertificate, newer: OpenPgpCertificate): OpenPgpCertificate {
  return rebuilt(known, {
    users: mergeUsers(known.users, newer.users),
    direct: [...known.direct, ...newer.direct],
    bindings: ({ fingerprint }) => newer.subkeys.find(({ key }) => key.fingerprint === fingerprint)?.bindings ?? [],
    revocations: [],
  });
}

/** A user ID stands once: its newest self-signature says when the key ends, also where that one names no end any more. */
function mergeUsers(
  known: OpenPgpCertificate["users"],
  newer: OpenPgpCertificate["users"],
): OpenPgpCertificate["users"] {
  const left = [...newer];
  const merged = known.map((user) => {
    const at = left.findIndex(({ body }) => equalBytes(body, user.body));
    const [same] = at === -1 ? [] : left.splice(at, 1);
    return { ...user, signatures: [...user.signatures, ...(same?.signatures ?? [])] };
  });
  return [...merged, ...left];
}

/** The certificate with more revocations: each must still prove itself. */
export const revokeCertificate = (
  known: OpenPgpCertificate,
  revocations: readonly OpenPgpSignature[],
): OpenPgpCertificate => rebuilt(known, { users: known.users, direct: known.direct, bindings: () => [], revocations });

interface Added {
  readonly users: OpenPgpCertificate["users"];
  readonly direct: OpenPgpCertificate["direct"];
  readonly bindings: (key: OpenPgpKey) => readonly OpenPgpSignature[];
  readonly revocations: readonly OpenPgpSignature[];
}

/** Keys are made anew: what was worked out of the older certificate is remembered by them. */
function rebuilt(known: OpenPgpCertificate, { users, direct, bindings, revocations }: Added): OpenPgpCertificate {
  const [primary] = known.keys;
  const subkeys = known.subkeys.map((subkey) => ({
    key: { ...subkey.key },
    bindings: [...subkey.bindings, ...bindings(subkey.key)],
  }));
  return {
    ...known,
    keys: [{ ...primary }, ...subkeys.map(({ key }) => key)],
    users,
    direct,
    subkeys,
    revocations: [...known.revocations, ...revocations],
  };
}
