/**
 * The last policy that passed every check, so that the next push under the same one does not check it again, which takes
 * longer than judging a commit: `<git dir>/signpolicy/policy-checked`. It says what the policy is, so it is believed only
 * where nobody but this user and root could have written it, whole, for the very bytes and the very program.
 */
import { closeSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import { openTrusted, ownOwners } from "./trusted-file.ts";

/** A line with the digest of the rest, a line with what it is the answer to, and the answer. */
const FORM = /^([0-9a-f]{64})\n([0-9a-f]{64})\n(.*)$/s;
const MOST_BYTES = 16 * 1024 * 1024;

/** What else is kept the same way: values of refs that were authenticated from a trust root (check/chain-memory.ts). */
export type Memory = "policy-checked" | "chain-checked";

export const memoryPath = (commonDir: string, memory: Memory = "policy-checked"): string =>
  join(commonDir, "signpolicy", memory);

export interface KeptAnswer {
  /** Of which bytes, and of which program: the answer holds for no other. */
  readonly question: string;
  readonly answer: unknown;
}

/** What was kept; null where nothing was, or nothing that is to be believed. */
export function recallPolicy(commonDir: string, memory?: Memory): KeptAnswer | null {
  const opened = openTrusted(memoryPath(commonDir, memory), ownOwners());
  if (opened === null) return null;
  try {
    if (opened.status.size > MOST_BYTES) return null;
    const [, digest, question = "", answer = ""] = FORM.exec(readFileSync(opened.file, "utf8")) ?? [];
    return digest === digestOf(question, answer) ? { question, answer: JSON.parse(answer) as unknown } : null;
  } catch {
    return null;
  } finally {
    closeSync(opened.file);
  }
}

/** Where it cannot be kept, the next push checks the policy again. */
export function keepPolicy(commonDir: string, question: string, answer: unknown, memory?: Memory): void {
  const path = memoryPath(commonDir, memory);
  const aside = `${path}.${String(process.pid)}`;
  const text = JSON.stringify(answer);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(aside, `${digestOf(question, text)}\n${question}\n${text}`, { flag: "wx", mode: 0o600 });
    renameSync(aside, path);
  } catch {
    rmSync(aside, { force: true });
  }
}

export function forgetPolicy(commonDir: string): void {
  for (const memory of ["policy-checked", "chain-checked"] as const)
    rmSync(memoryPath(commonDir, memory), { force: true });
}

const digestOf = (question: string, answer: string): string =>
  toHex(digestBytes("sha256", Buffer.from(`${question}\n${answer}`)));
