/** Files beside a repository that decide what is run or believed: read only where nobody else could have written them. */
import { closeSync, constants, fstatSync, openSync, type Stats } from "node:fs";

/** Users whose files are believed; null on a system without users. */
export type Owners = readonly number[] | null;

/** Who runs this process, and root. */
export function ownOwners(): Owners {
  const user = process.geteuid?.();
  return user === undefined ? null : [0, user];
}

/** Whether there is a plain file of one of these users that nobody else can write. */
export function isTrusted(path: string, owners: Owners): boolean {
  const opened = openTrusted(path, owners);
  if (opened !== null) closeSync(opened.file);
  return opened !== null;
}

/** Opens a plain file of one of these users that nobody else can write; null for anything else, and for nothing. */
export function openTrusted(path: string, owners: Owners): { readonly file: number; readonly status: Stats } | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  const status = fstatSync(file);
  if (status.isFile() && (owners === null || (owners.includes(status.uid) && (status.mode & 0o022) === 0))) {
    return { file, status };
  }
  closeSync(file);
  return null;
}
