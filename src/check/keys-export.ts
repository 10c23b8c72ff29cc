/** `keys export`: the policy's keys in the forms that git's own verification, ssh-keygen and gpg read. */
import { join } from "node:path";
import { encodeBase64 } from "../encoding/base64.ts";
import { formatTime } from "../encoding/time.ts";
import { writeWhole } from "../io/files.ts";
import { openPorcelain } from "../io/porcelain.ts";
import { findRepository } from "../io/repository.ts";
import type { Seconds } from "../model.ts";
import { splitKeyring } from "../signature/openpgp/keyring.ts";
import { chosenPolicy } from "./policy-commands.ts";
import type { PolicyCommandOptions } from "./policy-commands.ts";
import { listKeys } from "./keys-list.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

export const EXPORT_FORMS = ["allowed-signers", "revoked", "keyring", "known"] as const;
export type ExportForm = (typeof EXPORT_FORMS)[number];

/**
 * The text of one form. What a form cannot express is left out, never loosened, and said in `omitted`: a key marked as
 * compromised, a name that ssh-keygen would read as a pattern.
 *
 * @throws PolicyError, GitError
 */
export async function exportKeys(
  form: ExportForm,
  options: PolicyCommandOptions,
  now: Seconds,
): Promise<{ readonly text: string; readonly omitted: readonly string[] }> {
  if (form === "known") {
    const { keys } = await listKeys(options, now);
    const lines = keys.flatMap(({ fingerprint, subkeys, principal, role, state }) =>
      [fingerprint, ...subkeys].map((one) => `${one} ${principal} ${role} ${state}\n`),
    );
    return { text: lines.join(""), omitted: [] };
  }
  const loaded = await chosenPolicy(options);
  const good = loaded.keys.filter(
    ({ anchor: { window } }) => window.compromised === undefined && window.fell === undefined,
  );
  if (form === "revoked") return { text: loaded.keys.map(revokedLine).join(""), omitted: [] };
  const compromised = loaded.keys
    .filter((key) => !good.includes(key))
    .map(({ entry, anchor: { window } }) =>
      window.fell === undefined
        ? `${entry.place.path} is compromised`
        : `${entry.place.path} falls with ${window.fell.with}, which brought it in`,
    );
  if (form === "keyring") {
    const text = good
      .filter(({ anchor }) => anchor.kind === "openpgp")
      .flatMap(({ bytes }) => splitKeyring(bytes))
      .join("\n");
    return { text, omitted: compromised };
  }
  const lines = good.filter(({ anchor }) => anchor.kind !== "openpgp").map((key) => signersLine(loaded, key));
  const text = lines.map(({ line }) => line).join("");
  return { text, omitted: [...compromised, ...lines.flatMap(({ omitted }) => omitted)] };
}

/** ssh-keygen(1), KEY REVOCATION LISTS: a list of public keys is one. It knows no dates: a mark with a time takes all it signed. */
function revokedLine({ principal, entry, anchor }: LoadedKey): string {
  if (anchor.kind === "openpgp" || entry.window.compromised === undefined) return "";
  return `${anchor.key.type} ${encodeBase64(anchor.key.blob)} ${principal}\n`;
}

/** Why a name cannot stand in a line for ssh-keygen; null where it can. */
function nameProblem(name: string): string | null {
  // PATTERNS of ssh_config(5), separators, quotes.
  if (/[*?!,"\s#]/.test(name)) return "ssh-keygen would read it as a pattern";
  // The text is printed as it is, and read by people: nothing in it may steer a terminal or look like another name.
  return /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Z}\uFFFD]/u.test(asUtf8(name)) ? "it holds characters that nobody sees" : null;
}

const asUtf8 = (name: string): string => Buffer.from(name, "latin1").toString("utf8");

/** ssh-keygen(1), ALLOWED SIGNERS. Times end in Z, which OpenSSH reads since 9.1. */
function signersLine(
  { policy }: LoadedPolicy,
  { principal, entry, anchor }: LoadedKey,
): { line: string; omitted: string[] } {
  if (anchor.kind === "openpgp") return { line: "", omitted: [] };
  const names = anchor.kind === "sshCa" ? entry.principals : (policy.principals.get(principal)?.emails ?? []);
  const plain = names.filter((name) => nameProblem(name) === null);
  const omitted = names.flatMap((name) => {
    const problem = nameProblem(name);
    return problem === null ? [] : [`${principal}: ${asUtf8(name)} is left out: ${problem}`];
  });
  if (plain.length === 0) return { line: "", omitted };
  const { from, until, retired } = entry.window;
  const end = Math.min(until ?? Infinity, retired ?? Infinity);
  const options = [
    ...(anchor.kind === "sshCa" ? ["cert-authority"] : []),
    `namespaces="${entry.namespaces.join(",")}"`,
    ...(from === undefined ? [] : [`valid-after="${signersTime(from)}"`]),
    ...(end === Infinity ? [] : [`valid-before="${signersTime(end - 1)}"`]),
  ];
  const { type, blob } = anchor.key;
  const shown = asUtf8(plain.join(","));
  return { line: `${shown} ${options.join(",")} ${type} ${encodeBase64(blob)} ${principal}\n`, omitted };
}

/** `until` is the first second that no longer counts, `valid-before` the last that does. */
const signersTime = (time: Seconds): string => formatTime(time).replace(/[-:T]/g, "");

/** Where `--write` puts the allowed signers of a clone, beside nothing that is tracked. */
export const signersFile = (commonDir: string): string => join(commonDir, "signpolicy", "allowed_signers");

/** Writes the allowed signers of this clone and makes its git use them. */
export async function writeAllowedSigners(
  options: PolicyCommandOptions,
  now: Seconds,
): Promise<{ readonly file: string; readonly omitted: readonly string[] }> {
  const { directory, environment } = options;
  const { text, omitted } = await exportKeys("allowed-signers", options, now);
  const file = signersFile((await findRepository(directory, environment)).commonDir);
  await writeWhole(file, Buffer.from(text));
  await (await openPorcelain(directory, environment)).setConfig("gpg.ssh.allowedSignersFile", file);
  return { file, omitted };
}
