import { SignpolicyError } from "../errors.ts";

const ROOM = "an administrator makes room on the server's disk";
const RIGHTS = "an administrator gives it to the user that pushes run as (signpolicy check-install --server)";

/** By the system's code (errno(3)). */
const PROBLEMS: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  ENOSPC: ["the disk is full", ROOM],
  EDQUOT: ["the quota is used up", ROOM],
  EFBIG: ["no file may grow that large", ROOM],
  EROFS: ["the file system is read-only", "an administrator mounts it for writing"],
  EEXIST: ["something else lies there", "an administrator looks what it is, and moves it away"],
  ENOTDIR: ["something else lies there", "an administrator looks what it is, and moves it away"],
  EACCES: ["it is another user's", RIGHTS],
  EPERM: ["it is another user's", RIGHTS],
};

/** Says why a file of ours could not be written, and what an administrator does about it. */
export function cannotWrite(path: string, cause: unknown): SignpolicyError {
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  const [why, hint] = PROBLEMS[code] ?? [code, ROOM];
  return new SignpolicyError("ERR_IO", `cannot write ${path}: ${why}`, { hint, cause });
}

/** @throws SignpolicyError ERR_IO */
export async function writing<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw cause instanceof SignpolicyError ? cause : cannotWrite(path, cause);
  }
}
