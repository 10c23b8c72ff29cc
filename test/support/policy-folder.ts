import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Bytes } from "../../src/model.ts";
import { PolicyError } from "../../src/errors.ts";
import { armor, eddsaKey, simpleCertificate } from "./openpgp.ts";
import { ed25519Key } from "./ssh.ts";

export type Files = Readonly<Record<string, string | Bytes>>;

/** A folder of these files, gone afterwards. */
export async function withFolder<T>(files: Files, body: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = realpathSync(mkdtempSync(join(realpathSync(tmpdir()), "sp-policy-")));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `ssh-ed25519 AAAA…`, another for each seed. */
export function sshLine(seed: number): string {
  const key = ed25519Key(Buffer.alloc(32, seed));
  return `ssh-ed25519 ${Buffer.from(key.blob).toString("base64")}`;
}

/** An armored certificate, another for each seed. */
export const certificate = (seed: number): Bytes =>
  armor("PGP PUBLIC KEY BLOCK", simpleCertificate(eddsaKey({ seed })));

/** A policy with one principal for each entry: the text of its `keys`. */
export const policyText = (keys: Readonly<Record<string, string>>): string =>
  [
    "version: 1",
    "principals:",
    ...Object.entries(keys).flatMap(([id, list]) => [
      `  ${id}:`,
      `    emails: [${id}@example.org]`,
      `    keys: ${list}`,
    ]),
    "rules:",
    "  - name: main",
    "    refs: [refs/heads/main]",
    '    commits: { signedBy: ["*"] }',
    "",
  ].join("\n");

/** What a promise is rejected with, if it is a PolicyError; anything else fails the test. */
export async function policyErrorOf(promise: Promise<unknown>): Promise<PolicyError> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PolicyError)) throw new Error(`no PolicyError, but ${String(error)}`);
  return error;
}
