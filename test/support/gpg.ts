/** Keys, certificates and signatures as gpg itself makes and judges them, in a keyring of their own. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bytes } from "../../src/model.ts";

export interface GpgVerdict {
  /** Keywords of the status lines: `GOODSIG`, `BADSIG`, `EXPKEYSIG`, `REVKEYSIG`, `NO_PUBKEY`, … */
  readonly keywords: ReadonlySet<string>;
  /** Full fingerprint of the key that signed, where it verified. */
  readonly fingerprint: string | null;
}

/** Reason codes of RFC 9580 §5.2.3.31 as gpg's menu numbers them. */
const MENU: Readonly<Record<number, string>> = { 0: "0", 1: "2", 2: "1", 3: "3" };

export class Gnupg {
  readonly home: string;

  constructor(home: string) {
    this.home = home;
  }

  /** Runs gpg; `at` fakes its clock (seconds). @throws Error with what gpg said */
  run(args: readonly string[], input: Bytes | string = "", at?: number): Buffer {
    const { status, stdout, stderr } = this.#spawn(args, input, at);
    if (status !== 0) throw new Error(`gpg ${args.join(" ")}: ${stderr.toString()}`);
    return stdout;
  }

  /** Makes a key without a passphrase and gives its fingerprint. `expires` as gpg takes it: `0`, `1y`, `2026-01-01`. */
  generateKey(
    userId: string,
    algorithm = "ed25519",
    { usage = "default", expires = "0", at }: { usage?: string; expires?: string; at?: number } = {},
  ): string {
    this.run(["--quick-generate-key", userId, algorithm, usage, expires], "", at);
    const [fingerprint] = this.fingerprints(userId);
    if (fingerprint === undefined) throw new Error("gpg made no key");
    return fingerprint;
  }

  addSubkey(
    primary: string,
    algorithm: string,
    usage: string,
    { expires = "0", at }: { expires?: string; at?: number } = {},
  ): string {
    this.run(["--quick-add-key", primary, algorithm, usage, expires], "", at);
    return this.fingerprints(primary).at(-1) ?? "";
  }

  /** Fingerprints of the primary key and its subkeys. */
  fingerprints(name: string): readonly string[] {
    const listing = this.run(["--with-colons", "--list-keys", name]).toString();
    return [...listing.matchAll(/^fpr:.*:([0-9A-F]{40}):$/gm)].map(([, fingerprint = ""]) => fingerprint);
  }

  /** `key!` signs with exactly that key. */
  sign(key: string, payload: Bytes, at?: number, options: readonly string[] = []): Buffer {
    return this.run([...options, "--armor", "--detach-sign", "--local-user", key], payload, at);
  }

  exportKey(name: string): Buffer {
    return this.run(["--armor", "--export", name]);
  }

  /** Imports the revocation certificate that gpg made with the key: its reason is "none given". */
  importReadyRevocation(fingerprint: string): void {
    const file = join(this.home, "openpgp-revocs.d", `${fingerprint}.rev`);
    // gpg puts a colon in front of the armor against accidents.
    this.run(["--import"], readFileSync(file, "latin1").replace(/^:-----BEGIN/m, "-----BEGIN"));
  }

  /** Revokes a key with a reason code of RFC 9580 §5.2.3.31. */
  revoke(fingerprint: string, reason: number, at?: number): void {
    const answers = ["y", MENU[reason] ?? "", "", "y", ""].join("\n");
    const options = ["--command-fd", "0", "--no-batch", "--no-tty", "--armor", "--gen-revoke", fingerprint];
    this.run(["--import"], this.run(options, answers, at));
  }

  /** Revokes the subkey of that number (from 1), with a reason code. */
  revokeSubkey(primary: string, index: number, reason: number, at?: number): void {
    const answers = [`key ${index}`, "revkey", "y", MENU[reason] ?? "", "", "y", "save", ""].join("\n");
    this.run(["--command-fd", "0", "--no-batch", "--no-tty", "--edit-key", primary], answers, at);
  }

  /** What gpg says of a signature; its exit code is ignored. */
  verify(armored: Bytes, payload: Bytes, at?: number): GpgVerdict {
    const folder = mkdtempSync(join(this.home, "v-"));
    writeFileSync(join(folder, "sig"), armored);
    writeFileSync(join(folder, "data"), payload);
    const args = ["--status-fd", "1", "--verify", join(folder, "sig"), join(folder, "data")];
    const text = this.#spawn(args, "", at).stdout.toString();
    rmSync(folder, { recursive: true });
    const keywords = new Set([...text.matchAll(/^\[GNUPG:\] (\w+)/gm)].map(([, keyword = ""]) => keyword));
    const [, fingerprint = null] = /^\[GNUPG:\] VALIDSIG ([0-9A-F]{40})/m.exec(text) ?? [];
    return { keywords, fingerprint };
  }

  #spawn(
    args: readonly string[],
    input: Bytes | string,
    at?: number,
  ): { status: number | null; stdout: Buffer; stderr: Buffer } {
    const clock = at === undefined ? [] : ["--faked-system-time", `${at}!`];
    const quiet = ["--quiet", "--yes", "--no-auto-check-trustdb", "--trust-model", "always"];
    const open = ["--pinentry-mode", "loopback", "--passphrase", ""];
    const batch = args.includes("--no-batch") ? [] : ["--batch"];
    return spawnSync(
      "gpg",
      ["--homedir", this.home, ...batch, ...quiet, ...open, ...clock, ...args.filter((arg) => arg !== "--no-batch")],
      {
        input,
        env: { ...process.env, GNUPGHOME: this.home, LC_ALL: "C" },
        maxBuffer: 64 * 1024 * 1024,
        timeout: 60_000,
      },
    );
  }
}

/** A keyring that nobody else uses; its path is short, since sockets live in it, and its agent is stopped afterwards. */
export async function withGnupgHome<T>(body: (gpg: Gnupg) => T | Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), "g-"));
  chmodSync(home, 0o700);
  try {
    return await body(new Gnupg(home));
  } finally {
    spawnSync("gpgconf", ["--homedir", home, "--kill", "all"], { timeout: 10_000 });
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  }
}
