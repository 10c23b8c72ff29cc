import { UsageError } from "../errors.ts";
import type { Path } from "../policy/document.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

/**
 * The one key of the policy that words like a fingerprint, the end of one, a key file or a principal with one key mean.
 *
 * @throws UsageError when they mean none, or several
 */
export function selectKey({ keys }: LoadedPolicy, words: string): LoadedKey {
  const named = words.trim();
  const found = keys.filter((key) => isNamed(key, named));
  const [only, second] = found.length > 1 ? current(found) : found;
  if (only === undefined && found.length === 0) {
    throw new UsageError(`the policy holds no key that '${named}' names`, { hint: "signpolicy keys list" });
  }
  if (only === undefined || second !== undefined) {
    const names = found.map((key) => fingerprintOf(key)).join(", ");
    throw new UsageError(`'${named}' names ${String(found.length)} keys: ${names}`, {
      hint: "give the fingerprint of one",
    });
  }
  return only;
}

/** Where the key's entry stands in the policy. */
export function pathOf({ policy }: LoadedPolicy, { principal, entry }: LoadedKey): Path {
  return ["principals", principal, "keys", policy.principals.get(principal)?.keys.indexOf(entry) ?? -1];
}

export const fingerprintOf = ({ anchor }: LoadedKey): string =>
  anchor.kind === "openpgp" ? anchor.certificate.fingerprint : anchor.key.fingerprint;

/** Of an OpenPGP certificate those of its subkeys, too. */
export const fingerprintsOf = (key: LoadedKey): readonly string[] =>
  key.anchor.kind === "openpgp"
    ? key.anchor.certificate.keys.map(({ fingerprint }) => fingerprint)
    : [fingerprintOf(key)];

function isNamed(key: LoadedKey, words: string): boolean {
  if (words === key.principal) return true;
  if (key.entry.source.kind === "file" && key.entry.source.path === words) return true;
  const fingerprints = fingerprintsOf(key);
  if (fingerprints.includes(words)) return true;
  // Eight characters: what people copy from a listing. Ambiguity is refused, and nothing is proved by it.
  if (words.startsWith("SHA256:")) return words.length >= 15 && fingerprints.some((one) => one.startsWith(words));
  const hex = words.replace(/^0x/i, "").replaceAll(" ", "").toUpperCase();
  return /^[0-9A-F]{8,64}$/.test(hex) && fingerprints.some((one) => one.endsWith(hex));
}

/** A principal's name means the key in use. */
const current = (keys: readonly LoadedKey[]): readonly LoadedKey[] =>
  keys.filter(({ entry }) => entry.window.retired === undefined && entry.window.compromised === undefined);
