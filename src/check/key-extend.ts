/** The command that gives an OpenPGP key more time, in gpg's keyring and in the policy's copy of it. */
import type { Seconds } from "../model.ts";
import type { OpenPgpCertificate } from "../signature/openpgp/certificate.ts";
import { currentState } from "../signature/openpgp/standing.ts";
import type { LoadedPolicy } from "./policy-source.ts";

/**
 * gpg(1), --quick-set-expire: without further fingerprints it extends the primary key alone, and `*` leaves out subkeys that
 * have expired already; so each part that has ended is named.
 */
export async function extendCommand(
  certificate: OpenPgpCertificate,
  { policy }: LoadedPolicy,
  now: Seconds,
): Promise<string> {
  const { fingerprint, keys } = certificate;
  const ended: string[] = [];
  for (const key of keys) {
    const state = await currentState(certificate, key, policy.algorithms, now);
    const counts = key.fingerprint === fingerprint || state.maySign;
    if (counts && state.expires <= now) ended.push(key.fingerprint);
  }
  const subkeys = ended.filter((one) => one !== fingerprint);
  const primary = ended.includes(fingerprint) || subkeys.length === 0;
  return [
    ...(primary ? [`gpg --quick-set-expire ${fingerprint} 1y`] : []),
    ...(subkeys.length === 0 ? [] : [`gpg --quick-set-expire ${fingerprint} 1y ${subkeys.join(" ")}`]),
    `signpolicy keys renew ${fingerprint}`,
  ].join(" && ");
}
