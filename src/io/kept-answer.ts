/**
 * Answers that took long to find, kept in `<git dir>/signpolicy/` for the next push. What they say decides pushes, so one
 * is believed only where nobody but this user and root could have written it, and whole.
 */
import { closeSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import { gitMemory } from "./reading.ts";
import { openTrusted, ownOwners } from "./trusted-file.ts";

/** A line with the digest of the rest, a line with what it is the answer to, a digest as well, and the answer. */
const DIGITS = 64;
const MOST_BYTES = 16 * 1024 * 1024;

export interface KeptAnswer {
  /** A digest of all that the answer hangs on: it holds for nothing else. */
  readonly question: string;
  readonly answer: unknown;
}

/** What was kept at a path; null where nothing was, or nothing that is to be believed. */
export function recallAnswer(path: string): KeptAnswer | null {
  const opened = openTrusted(path, ownOwners());
  if (opened === null) return null;
  try {
    if (opened.status.size > MOST_BYTES) return null;
    const text = readFileSync(opened.file, "utf8");
    const question = text.slice(DIGITS + 1, 2 * DIGITS + 1);
    const answer = text.slice(2 * (DIGITS + 1));
    const isWhole = text.startsWith(`${digestOf(question, answer)}\n${question}\n`);
    return isWhole ? { question, answer: JSON.parse(answer) as unknown } : null;
  } catch {
    return null;
  } finally {
    closeSync(opened.file);
  }
}

/** Where it cannot be kept, the next push asks again. */
export function keepAnswer(path: string, { question, answer }: KeptAnswer): void {
  const aside = `${path}.${String(process.pid)}`;
  const text = JSON.stringify(answer);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(aside, `${digestOf(question, text)}\n${question}\n${text}`, { flag: "wx", mode: 0o600 });
    renameSync(aside, path);
  } catch {
    forgetAnswer(aside);
  }
}

const digestOf = (question: string, answer: string): string =>
  toHex(digestBytes("sha256", Buffer.from(`${question}\n${answer}`)));

/** The last policy that passed every check, for its bytes and the program that checked it. */
export const policyMemory = (commonDir: string): string => join(commonDir, "signpolicy", "policy-checked");

/** Values of refs that were authenticated from a trust root (check/chain-memory.ts). */
export const chainMemory = (commonDir: string): string => join(commonDir, "signpolicy", "chain-checked");

/** Keys that fell with the one that brought them in (check/fallen-memory.ts). */
export const fallenMemory = (commonDir: string): string => join(commonDir, "signpolicy", "keys-fallen");

/** Where it cannot be forgotten it is asked, and does not answer. */
export function forgetAnswer(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Another user's.
  }
}

export function forgetAnswers(commonDir: string): void {
  for (const memory of [policyMemory, gitMemory, chainMemory, fallenMemory]) rmSync(memory(commonDir), { force: true });
}
