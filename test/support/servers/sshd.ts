/** OpenSSH's own server on a loopback port, for whoever runs the tests; with keys and a configuration of its own. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { daemon, listens, startOnPort, startServer, type Running } from "./processes.ts";

export interface Sshd extends Running {
  /** `ssh://…` of a path. */
  readonly url: (path: string) => string;
  /** What git's client needs, beside the key that `startSshd` made. */
  readonly client: Readonly<Record<string, string>>;
}

export interface SshdOptions {
  /** Scratch folder for keys and configuration. */
  readonly folder: string;
  /** PATH of whoever logs in. */
  readonly path: string;
  /** HOME of whoever logs in, so that nobody's own `.gitconfig` takes part. */
  readonly home: string;
  /**
   * `git-shell`: sshd forces it on every login, as a login shell would be. `forced`: the key's own line names the command,
   * as forges do it. A path: this file stands for authorized_keys, as gitolite writes it.
   */
  readonly login: "git-shell" | "forced" | { readonly authorizedKeys: string };
}

/** Makes a key pair without a passphrase and gives the line of its .pub file. */
export function makeKey(file: string): string {
  const args = ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file];
  const { status, stderr } = spawnSync("ssh-keygen", args, { input: "", encoding: "utf8" });
  if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`);
  return readFileSync(`${file}.pub`, "utf8").trim();
}

const GIT_SHELL = 'git-shell -c "$SSH_ORIGINAL_COMMAND"';

export async function startSshd({ folder, path, home, login }: SshdOptions): Promise<Sshd> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const hostKey = makeKey(at("host"));
  // gitolite's users bring theirs.
  const clientKey = existsSync(at("client")) ? readFileSync(at("client.pub"), "utf8").trim() : makeKey(at("client"));
  const authorized = typeof login === "object" ? login.authorizedKeys : at("authorized_keys");
  const forced = login === "forced" ? `command="${GIT_SHELL.replaceAll('"', '\\"')}",restrict ` : "";
  if (typeof login === "string") writeFileSync(authorized, `${forced}${clientKey}\n`);
  // sshd(8): as root it keeps its unprivileged half in this folder, which the init script of the package makes.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });

  const running = await startOnPort((port) => {
    const settings = [
      `ListenAddress 127.0.0.1:${String(port)}`,
      `HostKey ${at("host")}`,
      `AuthorizedKeysFile ${authorized}`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      `PermitRootLogin ${login === "git-shell" ? "prohibit-password" : "forced-commands-only"}`,
      "AcceptEnv GIT_PROTOCOL",
      `SetEnv PATH=${path} HOME=${home} GIT_CONFIG_NOSYSTEM=1`,
      ...(login === "git-shell" ? [`ForceCommand ${GIT_SHELL}`] : []),
    ];
    writeFileSync(at("sshd_config"), `${settings.join("\n")}\n`);
    return startServer(daemon("sshd"), ["-D", "-e", "-f", at("sshd_config")], {
      environment: { PATH: "/usr/bin:/bin" },
      isReady: () => listens(port),
    });
  });

  writeFileSync(at("known_hosts"), `[127.0.0.1]:${String(running.port)} ${hostKey}\n`);
  const options = ["IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes", "LogLevel=ERROR"];
  const hosts = [`UserKnownHostsFile=${at("known_hosts")}`, "GlobalKnownHostsFile=none", "StrictHostKeyChecking=yes"];
  const words = ["ssh", "-F", "none", "-i", at("client"), ...[...options, ...hosts].flatMap((word) => ["-o", word])];
  return {
    ...running,
    url: (path) => `ssh://${userInfo().username}@127.0.0.1:${String(running.port)}/${path.replace(/^\//, "")}`,
    client: { GIT_SSH_COMMAND: words.join(" "), GIT_SSH_VARIANT: "ssh" },
  };
}
