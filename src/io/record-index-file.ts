/**
 * The file of the receive record's index, and the record's own as far as that is read with it: in parts, each where it is
 * asked for. It is found again where it was left, by the kernel's word (`stamp`).
 */
import { closeSync, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { recordIndexPath, recordPath, replaceFile } from "./record-file.ts";
import { openTrusted } from "./trusted-file.ts";

export interface PartlyRead {
  readonly size: number;
  /** As many bytes as are there. */
  read(at: number, length: number): Buffer;
  close(): void;
}

export interface RecordFile extends PartlyRead {
  /**
   * Tells whether anything was written to the file since: its own number, its size and both times. The kernel sets the time of the
   * last change, and no program can set another. Null where that says too little.
   */
  readonly stamp: string | null;
  /** Whose it is; null on a system without users. */
  readonly owner: number | null;
}

/** The newest file of the record; null where there is none, or none that can be read. */
export function openRecordFile(gitDir: string): RecordFile | null {
  let file: number;
  try {
    file = openSync(recordPath(gitDir), "r");
  } catch {
    return null;
  }
  const { ino, size, mtimeNs, ctimeNs, uid } = fstatSync(file, { bigint: true });
  // A file system that counts seconds does not tell two changes of one second from each other.
  const stamp = ctimeNs % 1_000_000_000n === 0n ? null : `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  const owner = process.geteuid === undefined ? null : Number(uid);
  return { stamp, owner, ...partly(file, Number(size)) };
}

/** Null where there is none, or one that somebody could have written who could not write the record. */
export function openIndexFile(gitDir: string, { owner }: RecordFile): PartlyRead | null {
  const owners = owner === null ? null : [0, owner, process.geteuid?.() ?? owner];
  const opened = openTrusted(recordIndexPath(gitDir), owners);
  return opened === null ? null : partly(opened.file, opened.status.size);
}

function partly(file: number, size: number): PartlyRead {
  return {
    size,
    read(at, length) {
      const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, size - at)));
      let read = 0;
      while (read < bytes.length) {
        const more = readSync(file, bytes, read, bytes.length - read, at + read);
        if (more === 0) break;
        read += more;
      }
      return bytes.subarray(0, read);
    },
    close: () => closeSync(file),
  };
}

/** Whoever reads the old one goes on with that. */
export const writeIndexFile = (gitDir: string, bytes: Buffer): Promise<void> =>
  replaceFile(recordIndexPath(gitDir), bytes);

export function forgetIndexFile(gitDir: string): void {
  try {
    rmSync(recordIndexPath(gitDir), { force: true });
  } catch {
    // Whoever cannot delete it: where the record was changed, its stamp says so.
  }
}
