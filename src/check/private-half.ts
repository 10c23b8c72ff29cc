/** What git's signer must reach, or be told, to sign with a key. */
import { readFileSync } from "node:fs";
import type { GitConfig } from "../io/config.ts";
import { isElsewhere, kindOf, privateFile } from "./reachable-key.ts";
import type { SigningKey } from "./signing-key.ts";

/** What keeps the private half of a key, where that is an agent or a passphrase; `file` null: an agent alone. */
export type PrivateHalf =
  | { readonly kind: "openpgp"; readonly id: string }
  | { readonly kind: "ssh"; readonly blob: string; readonly file: string | null };

/** Null where the key lies open in a file, or where nobody knows. */
export function privateHalf(
  key: SigningKey,
  config: GitConfig,
  top: string,
  environment: Readonly<Record<string, string | undefined>>,
): PrivateHalf | null {
  if (key.kind === "none" || isElsewhere(config, key.kind)) return null;
  if (key.kind === "openpgp") return key;
  const { isLiteral, file } = privateFile(config.get("user.signingkey") ?? "", top, environment);
  const blob = key.blob.toString("base64");
  if (isLiteral || kindOf(file) !== "file") return { kind: "ssh", blob, file: null };
  return isLocked(file) ? { kind: "ssh", blob, file } : null;
}

/** PROTOCOL.key of OpenSSH: behind the magic stands the cipher. PEM says it in its head. */
function isLocked(file: string): boolean {
  let text: string;
  try {
    text = readFileSync(file, "latin1");
  } catch {
    return false;
  }
  const head = /^-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/]{32})/.exec(text)?.[1];
  if (head === undefined) return /^(?:-----BEGIN ENCRYPTED |Proc-Type: .*ENCRYPTED)/m.test(text);
  return !Buffer.from(head, "base64").toString("latin1").startsWith("openssh-key-v1\0\0\0\0\x04none");
}
