/** What a revocation list of OpenSSH's says of the keys of a policy. */
import { ParseError, UsageError } from "../errors.ts";
import { readBytes } from "../io/files.ts";
import { isListed, readRevocationList, type RevocationList } from "../signature/ssh/revocation-list.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

/**
 * The SSH keys and CAs of a policy that the list in a file names.
 *
 * @throws UsageError for a file that is no such list, or not understood as a whole; SignpolicyError ERR_IO
 */
export async function listedKeys(
  { keys }: LoadedPolicy,
  file: string,
): Promise<{ readonly list: RevocationList; readonly listed: readonly LoadedKey[] }> {
  const list = await read(file);
  return { list, listed: keys.filter(({ anchor }) => anchor.kind !== "openpgp" && isListed(list, anchor.key)) };
}

async function read(file: string): Promise<RevocationList> {
  const bytes = await readBytes(file);
  try {
    return readRevocationList(bytes);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new UsageError(`${file} is no revocation list that can be taken as a whole: ${error.message}`, {
      hint: "lines of SSH public keys and SHA256: fingerprints, or what ssh-keygen -k makes; nothing was changed",
    });
  }
}

/** The policy names keys and CAs: a certificate of one of its CAs has no entry that could be marked. */
export function leftOf({ certificates, ...list }: RevocationList, { keys }: LoadedPolicy): readonly string[] {
  const authorities = keys.flatMap(({ anchor }) => (anchor.kind === "sshCa" ? [anchor.key] : []));
  const issuers = authorities.filter(
    ({ fingerprint }) => certificates.authorities.has(null) || certificates.authorities.has(fingerprint),
  );
  const named = issuers.map(({ fingerprint }) => fingerprint).join(", ");
  const count = list.keys.size + list.fingerprints.size + list.sha1.size;
  const unknown =
    count -
    keys.filter(({ anchor }) => anchor.kind !== "openpgp" && isListed({ certificates, ...list }, anchor.key)).length;
  return [
    ...(issuers.length === 0
      ? []
      : [
          `${certificates.entries} entries for certificates by serial number or key id: a policy revokes keys and CAs, not single certificates; revoke the CA (${named}) and have it replaced, or give its certificates short lives`,
        ]),
    ...(authorities.length > 0 && unknown > 0
      ? [
          `${unknown} keys that the policy does not hold: a certificate of its CAs for one would still count, unless that key stands at a principal with \`compromised: true\``,
        ]
      : []),
  ];
}
