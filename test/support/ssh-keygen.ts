/** The real ssh-keygen in a temporary folder: makes keys, signatures and certificates, and judges ours. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bytes } from "../../src/model.ts";

export class SshKeygen {
  // Made when first needed: the body of a skipped `describe` runs too.
  #folder: string | null = null;
  #signed = 0;

  get folder(): string {
    return (this.#folder ??= mkdtempSync(join(tmpdir(), "sp-ssh-")));
  }

  dispose(): void {
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  read(file: string): Buffer {
    return readFileSync(this.path(file));
  }

  write(file: string, content: Bytes | string): string {
    writeFileSync(this.path(file), content, { mode: 0o600 });
    return this.path(file);
  }

  /** Makes a key pair and returns the line of its .pub file. */
  make(name: string, type: "ed25519" | "ecdsa" | "rsa", bits?: number): string {
    const size = bits === undefined ? [] : ["-b", String(bits)];
    this.#run(["-q", "-t", type, ...size, "-N", "", "-C", `${name} comment`, "-f", this.path(name)]);
    return this.read(`${name}.pub`).toString("utf8");
  }

  /** `256 SHA256:… comment (ED25519)`, as people see keys. */
  list(file: string): string {
    return this.#run(["-l", "-f", this.path(file)])
      .stdout.toString("utf8")
      .trim();
  }

  /** Issues a certificate for `name` (`name-cert.pub`); `options` as in ssh-keygen(1). */
  certify(ca: string, name: string, options: readonly string[] = ["-n", "alice@example.org"]): void {
    this.#run(["-q", "-s", this.path(ca), "-I", "key id", ...options, this.path(`${name}.pub`)]);
  }

  /** Signs with the key pair or, for `name-cert.pub`, through its certificate. */
  sign(name: string, payload: Bytes, { namespace = "git", hash = "sha512" } = {}): Buffer {
    const file = this.write(`payload-${(this.#signed++).toString()}`, payload);
    this.#run(["-Y", "sign", "-q", "-f", this.path(name), "-n", namespace, "-O", `hashalg=${hash}`, file]);
    return readFileSync(`${file}.sig`);
  }

  /** Whether `ssh-keygen -Y verify` accepts: `allowed` is what stands behind the principal in allowed_signers. */
  accepts(signature: Bytes, payload: Bytes, allowed: string, { namespace = "git", at = "" } = {}): boolean {
    const sig = this.write("oracle.sig", signature);
    const signers = this.write("oracle.allowed", `alice@example.org ${allowed.trim()}\n`);
    const time = at === "" ? [] : ["-O", `verify-time=${at}`];
    const base = ["-Y", "verify", ...time, "-f", signers, "-I", "alice@example.org", "-n", namespace, "-s", sig];
    return spawnSync("ssh-keygen", base, { input: payload }).status === 0;
  }

  #run(args: readonly string[]): { stdout: Buffer } {
    const { status, stdout, stderr, error } = spawnSync("ssh-keygen", args, { input: "" });
    if (status !== 0) throw new Error(`ssh-keygen ${args.join(" ")}: ${error?.message ?? stderr.toString("utf8")}`);
    return { stdout };
  }
}
