/** Whether git's signer can get at the private half of a key at all, before it is started and fails, or waits. */
import { resolve } from "node:path";
import type { GitConfig } from "../io/config.ts";
import { statusOf } from "../io/file-status.ts";
import { shellWord } from "../encoding/text.ts";
import { expandHome, type SigningKey } from "./signing-key.ts";

/**
 * The same key, or none where ssh-keygen would surely find no private half: no file beside the public one, and no agent's
 * socket. An agent that answers may still refuse; gpg's passphrases are not asked about, since that would start its agent.
 */
export function reachableKey(
  key: SigningKey,
  config: GitConfig,
  top: string,
  environment: Readonly<Record<string, string | undefined>>,
): SigningKey {
  // Another program keeps its keys where it likes, and Windows' agent has no socket.
  if (key.kind !== "ssh" || config.get("gpg.ssh.program") !== null || process.platform === "win32") return key;
  const named = config.get("user.signingkey") ?? "";
  const isLiteral = named === "" || /^(?:key::|ssh-|ecdsa-|sk-)/.test(named);
  const file = resolve(top, expandHome(named, environment)).replace(/\.pub$/, "");
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

function kindOf(path: string): "file" | "socket" | null {
  const stats = statusOf(path);
  return stats?.isFile() === true ? "file" : stats?.isSocket() === true ? "socket" : null;
}
