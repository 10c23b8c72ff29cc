/**
 * `pre-commit` where nobody can be asked for a passphrase: a coding agent, an editor without windows, a job. What would hang, or draw
 * over a terminal that is another program's, is stopped before the message is written; what a person could answer is left to him.
 */
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { Clone, projectRoot, type Outcome } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let clone: Clone;
let agents: number[];

beforeEach(() => {
  clone = new Clone();
  agents = [];
  const tools = join(clone.root, "bin");
  mkdirSync(tools);
  symlinkSync(join(projectRoot, "dist", "signpolicy.cjs"), join(tools, "signpolicy"));
  clone.environment["PATH"] = `${tools}:${clone.environment["PATH"] ?? ""}`;
  clone.environment["GNUPGHOME"] = join(clone.root, "g");
  mkdirSync(join(clone.root, "g"), { mode: 0o700 });
  clone.git("config", "commit.gpgsign", "true");
});
afterEach(() => {
  for (const pid of agents) process.kill(pid);
  clone.run("gpgconf", ["--kill", "all"]);
  clone.remove();
});

function writePolicy(key: object): void {
  const principals = { n: { emails: ["n@example.org"], keys: [key] } };
  const rules = [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["n"] } }];
  clone.write(".signpolicy.json", JSON.stringify({ version: 1, principals, rules }));
}

/** The hook in a session without a terminal, as agents start their commands. */
const alone = (env: Readonly<Record<string, string>> = {}): Outcome =>
  clone.run("setsid", ["-w", "signpolicy", "hook", "pre-commit"], { env });
/** The same with a terminal of its own. */
const onTerminal = (env: Readonly<Record<string, string>> = {}): Outcome =>
  clone.run("script", ["-qec", "signpolicy hook pre-commit", "/dev/null"], { env });

const flat = ({ output }: Outcome): string => output.replaceAll(/\n(?:error|hint|warning): {2,}/g, " ");

function sshKey(passphrase: string): string {
  const file = join(clone.root, "key");
  clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", "n", "-f", file]);
  const line = readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
  clone.git("config", "gpg.format", "ssh");
  clone.git("config", "user.signingkey", `${file}.pub`);
  writePolicy({ ssh: line });
  return line;
}

function startAgent(): Readonly<Record<string, string>> {
  const socket = join(clone.root, `agent-${String(agents.length)}`);
  const { output } = clone.run("ssh-agent", ["-a", socket]);
  agents.push(Number(/SSH_AGENT_PID=(\d+)/.exec(output)?.[1]));
  return { SSH_AUTH_SOCK: socket };
}

/** Types the passphrase for ssh-add, which asks by a program. */
function addToAgent(agent: Readonly<Record<string, string>>, passphrase: string): void {
  const askpass = join(clone.root, "askpass");
  writeFileSync(askpass, `#!/bin/sh\necho '${passphrase}'\n`, { mode: 0o755 });
  const env = { ...agent, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force" };
  expect(clone.run("ssh-add", ["-q", join(clone.root, "key")], { env }).status).toBe(0);
}

describeWith(["git", "ssh-keygen", "setsid", "script"], "pre-commit with an SSH key, where nobody can be asked", () => {
  it("stops a key with a passphrase that no agent has, and lets it pass where somebody can be asked (unknown-key)", () => {
    sshKey("secret");
    const file = join(clone.root, "key");
    const refused = alone();
    expect(refused.status).toBe(1);
    expect(flat(refused)).toContain(
      `git cannot sign: ${file} has a passphrase, and no ssh agent answers; nobody can be asked here`,
    );
    expect(flat(refused)).toContain(`eval $(ssh-agent) && ssh-add ${file}`);
    expect(onTerminal().status).toBe(0);
    expect(alone({ DISPLAY: ":7" }).status).toBe(0);
    expect(alone({ SSH_ASKPASS: "/bin/true", SSH_ASKPASS_REQUIRE: "force" }).status).toBe(0);
  });

  it("asks the agent anew for every commit, though the answer is remembered", () => {
    sshKey("secret");
    const agent = startAgent();
    expect(flat(alone(agent))).toContain("and the ssh agent does not have it");
    addToAgent(agent, "secret");
    expect(alone(agent).status).toBe(0);
    expect(alone(agent).status).toBe(0);
    expect(clone.has(".git/signpolicy/preflight.json")).toBe(true);
    clone.run("ssh-add", ["-q", "-D"], { env: agent });
    expect(alone(agent).status).toBe(1);
    expect(onTerminal(agent).status).toBe(0);
  });

  it("lets a key without a passphrase pass, and one that an agent alone has while it has it", () => {
    const line = sshKey("");
    expect(alone().status).toBe(0);
    clone.git("config", "user.signingkey", `key::${line}`);
    const agent = startAgent();
    expect(flat(alone(agent))).toContain("the signing key is with no file, and the ssh agent does not have it");
    addToAgent(agent, "");
    expect(alone(agent).status).toBe(0);
  });
});

const PASSPHRASE = ["--batch", "-q", "--pinentry-mode", "loopback", "--passphrase"];

function gpgKey(passphrase: string): void {
  clone.run("gpg", [...PASSPHRASE, passphrase, "--quick-generate-key", "N <n@example.org>", "ed25519", "sign", "0"]);
  const listed = clone.run("gpg", ["--batch", "--with-colons", "--list-keys"]).output;
  clone.git("config", "user.signingkey", /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? "");
  writePolicy({ openpgp: clone.run("gpg", ["--batch", "--armor", "--export", "n@example.org"]).output });
}

const agentRuns = (): boolean => clone.run("gpg-connect-agent", ["--no-autostart", "/bye"]).output === "";

/** gpgconf does not wait for it to be gone. */
function stopAgent(): void {
  clone.run("gpgconf", ["--kill", "all"]);
  for (let tries = 0; tries < 200 && agentRuns(); tries += 1) clone.run("sleep", ["0.05"]);
}

/** What asks for passphrases; it answers nothing. */
function usePinentry(name: string): void {
  const program = join(clone.root, name);
  writeFileSync(program, "#!/bin/sh\nexit 1\n");
  chmodSync(program, 0o755);
  writeFileSync(join(clone.root, "g", "gpg-agent.conf"), `pinentry-program ${program}\n`);
}

describeWith(["git", "gpg", "setsid", "script"], "pre-commit with an OpenPGP key, where nobody can be asked", () => {
  it("stops while gpg-agent does not remember the passphrase, and passes once it does (unknown-key)", () => {
    usePinentry("pinentry-curses");
    gpgKey("secret");
    clone.run("gpgconf", ["--reload", "gpg-agent"]);
    const refused = alone();
    expect(refused.status).toBe(1);
    expect(flat(refused)).toContain("gpg-agent does not remember the passphrase, and nobody can be asked here");
    expect(flat(refused)).toMatch(/echo x \| gpg -u [0-9A-F]{40} --clearsign >\/dev\/null/);
    expect(onTerminal().status).toBe(0);
    // Somebody may sit at the terminal that gpg is to ask on, unless a coding agent draws there.
    expect(alone({ GPG_TTY: "/dev/null" }).status).toBe(0);
    expect(alone({ GPG_TTY: "/dev/null", AI_AGENT: "some" }).status).toBe(1);
    expect(clone.run("gpg", [...PASSPHRASE, "secret", "--clearsign"], { input: "x" }).status).toBe(0);
    expect(alone().status).toBe(0);
  });

  it("stops alike where no agent runs yet", () => {
    usePinentry("pinentry-tty");
    gpgKey("secret");
    stopAgent();
    expect(alone().status).toBe(1);
  });

  it("leaves to gpg what cannot be told: a pinentry of its own kind, another program, a key that can be had", () => {
    usePinentry("pinentry-by-phone");
    gpgKey("secret");
    stopAgent();
    expect(alone().status).toBe(0);
    usePinentry("pinentry-curses");
    expect(alone().status).toBe(1);
    clone.git("config", "gpg.program", "/usr/bin/gpg");
    expect(alone().status).toBe(0);
    clone.git("config", "--unset", "gpg.program");
    clone.run("gpg", [...PASSPHRASE, "", "--quick-generate-key", "M <m@example.org>", "ed25519", "sign", "0"]);
    expect(alone().status).toBe(0);
  });

  it("lets a key without a passphrase pass", () => {
    usePinentry("pinentry-curses");
    gpgKey("");
    stopAgent();
    expect(alone().status).toBe(0);
  });
});
