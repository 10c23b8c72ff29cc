/** Whether git's signer can get at the private half of a key at all, before it is started and fails, or waits. */
import { closeSync, openSync } from "node:fs";
import { resolve } from "node:path";
import type { GitConfig } from "../io/config.ts";
import { statusOf } from "../io/file-status.ts";
import { shellWord } from "../encoding/text.ts";
import { expandHome, type SigningKey } from "./signing-key.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The same key, or none where ssh-keygen would surely find no private half: no file beside the public one, and no agent's
 * socket. An agent that answers may still refuse.
 */
export function reachableKey(key: SigningKey, config: GitConfig, top: string, environment: Variables): SigningKey {
  if (key.kind !== "ssh" || isElsewhere(config, "ssh")) return key;
  const named = config.get("user.signingkey") ?? "";
  const { isLiteral, file } = privateFile(named, top, environment);
  if (!isLiteral && kindOf(file) === "file") return key;
  const socket = environment["SSH_AUTH_SOCK"] ?? "";
  if (socket !== "" && kindOf(socket) === "socket") return key;
  const where = isLiteral ? "" : `no private key lies beside ${named}, and `;
  const agent = socket === "" ? "SSH_AUTH_SOCK is not set" : `SSH_AUTH_SOCK names ${socket}, where no agent is`;
  return {
    kind: "none",
    code: "unknown-key",
    why: `git cannot sign: ${where}no ssh agent answers (${agent})`,
    fix: `eval $(ssh-agent) && ssh-add ${isLiteral ? "YOUR-PRIVATE-KEY" : (shellWord(file) ?? "YOUR-PRIVATE-KEY")}`,
    final: true,
  };
}

/** What a key's being within reach hangs on, beside the variable that names the agent's socket. */
export function reachFiles(key: SigningKey, config: GitConfig, top: string, environment: Variables): readonly string[] {
  if (key.kind !== "ssh" || isElsewhere(config, "ssh")) return [];
  const { isLiteral, file } = privateFile(config.get("user.signingkey") ?? "", top, environment);
  return [...(isLiteral ? [] : [file]), environment["SSH_AUTH_SOCK"] ?? ""].filter((path) => path !== "");
}

/** Another program keeps its keys where it likes, and Windows' agents have no sockets. */
export const isElsewhere = ({ values }: GitConfig, format: "ssh" | "openpgp"): boolean =>
  process.platform === "win32" ||
  values.some(({ key }) => key === `gpg.${format}.program` || (format === "openpgp" && key === "gpg.program"));

export function privateFile(named: string, top: string, environment: Variables) {
  const isLiteral = named === "" || /^(?:key::|ssh-|ecdsa-|sk-)/.test(named);
  return { isLiteral, file: resolve(top, expandHome(named, environment)).replace(/\.pub$/, "") };
}

/** Nobody could be asked for a passphrase: no terminal is ours, and no windows are to be had. */
export function isAlone(environment: Variables): boolean {
  if (process.platform === "win32" || process.platform === "darwin") return false;
  if (["DISPLAY", "WAYLAND_DISPLAY"].some((name) => (environment[name] ?? "") !== "")) return false;
  try {
    closeSync(openSync("/dev/tty", "r"));
    return false;
  } catch {
    return true;
  }
}

export function kindOf(path: string): "file" | "socket" | null {
  const stats = statusOf(path);
  return stats?.isFile() === true ? "file" : stats?.isSocket() === true ? "socket" : null;
}
