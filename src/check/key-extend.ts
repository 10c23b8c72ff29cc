/** The command that gives a key more time: in the policy where that set the end, else in gpg's keyring and the policy's copy. */
import { formatTime } from "../encoding/time.ts";
import type { Seconds } from "../model.ts";
import type { OpenPgpCertificate } from "../signature/openpgp/certificate.ts";
import { fingerprintOf } from "./key-select.ts";
import { DAY } from "./key-standing.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

/** `end`: when the key ends, or later. Null where nothing that a command could move ends by then. */
export async function extendCommand(key: LoadedKey, loaded: LoadedPolicy, end: Seconds): Promise<string | null> {
  const { until } = key.entry.window;
  if (until !== undefined && until <= end) return prolongCommand(fingerprintOf(key), end);
  if (key.anchor.kind !== "openpgp") return null;
  return extendCertificate(key.anchor.certificate, loaded, end);
}

/** Another year in the policy: as good a proposal as any, and a command that runs as it is printed. */
const prolongCommand = (fingerprint: string, from: Seconds): string =>
  `signpolicy keys renew ${fingerprint} --until ${formatTime(from + 365 * DAY)}`;

/**
 * gpg(1), --quick-set-expire: without further fingerprints it extends the primary key alone, and `*` leaves out subkeys that
 * have expired already. So the subkeys that signed last are named, where they have ended by then; older ones stay ended.
 */
async function extendCertificate(
  certificate: OpenPgpCertificate,
  { policy }: LoadedPolicy,
  end: Seconds,
): Promise<string> {
  const { currentState } = await import("../signature/openpgp/standing.ts");
  const { fingerprint, keys } = certificate;
  const parts = await Promise.all(
    keys.map(async (key) => ({ key, ...(await currentState(certificate, key, policy.algorithms, end)) })),
  );
  const signing = parts.filter(({ maySign, invalid }) => maySign && invalid === null);
  const last = Math.max(...signing.map(({ expires }) => expires));
  const subkeys = signing
    .filter(({ key, expires }) => key.fingerprint !== fingerprint && expires === last && last <= end)
    .map(({ key }) => key.fingerprint);
  const primary = (parts[0]?.expires ?? 0) <= end || subkeys.length === 0;
  return [
    ...(primary ? [`gpg --quick-set-expire ${fingerprint} 1y`] : []),
    ...(subkeys.length === 0 ? [] : [`gpg --quick-set-expire ${fingerprint} 1y ${subkeys.join(" ")}`]),
    `signpolicy keys renew ${fingerprint}`,
  ].join(" && ");
}
