/**
 * The file of the frontier, `<git dir>/signpolicy/frontier`: runs of `verify` that allowed everything, for the next one.
 *
 * What it is worth: a file that another user wrote, that was cut off or damaged, or that came with a repository (an archive,
 * a copy, a restored backup) is told and passed over: it must be this user's alone (owner, 0600, one name), whole (a digest),
 * and the very file that was written here (its own number, its folder's, and the kernel's word on when it was put there,
 * which no archive can set). It is no defence against who acts as this user: he can as well replace this program.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { digestHex } from "../encoding/digest.ts";
import { frontierPath } from "./git-dir.ts";
import { openTrusted } from "./trusted-file.ts";

const FORM = /^([0-9a-f]{64})\n(.*)$/s;
const FORMAT = "signpolicy frontier, version 1";
const MOST_BYTES = 1024 * 1024;
/** Between writing a file and giving it its name: the kernel notes that moment, by the clock that we read before. */
const SETTLING_MS = 2000;

interface Sealed {
  readonly format: string;
  /** Device and number of the git directory. */
  readonly folder: string;
  /** The same of this file. */
  readonly file: string;
  /** Milliseconds. */
  readonly written: number;
  readonly content: unknown;
}

/** Null where there is none, or none that was written here by this user. */
export function readFrontier(commonDir: string): unknown {
  const user = process.geteuid?.();
  if (user === undefined) return null;
  const opened = openTrusted(frontierPath(commonDir), [user]);
  if (opened === null) return null;
  try {
    const { mode, nlink, size } = opened.status;
    if ((mode & 0o077) !== 0 || nlink !== 1 || size > MOST_BYTES) return null;
    const [, digest, text = ""] = FORM.exec(readFileSync(opened.file, "utf8")) ?? [];
    if (digest !== digestOf(text)) return null;
    const sealed = JSON.parse(text) as Sealed;
    const settled = opened.status.ctimeMs - sealed.written;
    const isOwn =
      sealed.format === FORMAT &&
      sealed.folder === numberOf(statSync(commonDir)) &&
      sealed.file === numberOf(opened.status) &&
      // The kernel's clock is coarser than ours.
      settled > -50 &&
      settled < SETTLING_MS;
    return isOwn ? sealed.content : null;
  } catch {
    return null;
  } finally {
    closeSync(opened.file);
  }
}

/** Replaces it as a whole. Where it cannot be written the next run judges everything again. */
export function writeFrontier(commonDir: string, content: unknown): void {
  const path = frontierPath(commonDir);
  const aside = `${path}.${String(process.pid)}`;
  try {
    mkdirSync(join(commonDir, "signpolicy"), { recursive: true, mode: 0o755 });
    const file = openSync(aside, "wx", 0o600);
    try {
      const number = numberOf(fstatSync(file));
      const folder = numberOf(statSync(commonDir));
      const text = JSON.stringify({
        format: FORMAT,
        folder,
        file: number,
        written: Date.now(),
        content,
      } satisfies Sealed);
      writeAll(file, Buffer.from(`${digestOf(text)}\n${text}`));
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
  } catch {
    forget(aside);
  }
}

export const forgetFrontier = (commonDir: string): void => forget(frontierPath(commonDir));

function forget(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Another user's, which is not read either.
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

const numberOf = ({ dev, ino }: { readonly dev: number; readonly ino: number }): string => `${dev} ${ino}`;

const digestOf = (text: string): string => digestHex("sha256", Buffer.from(text));
