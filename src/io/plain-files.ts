import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { PolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";

/**
 * A plain file's bytes, null where there is none. A link, a folder, a device or a file over the cap is refused, never
 * passed over. Read at once: a thread of node's pool takes longer to start than a small file to read.
 *
 * @throws PolicyError ERR_POLICY_UNREADABLE, ERR_POLICY_TOO_LARGE
 */
export function readPlainFile(path: string, cap: number): Bytes | null {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = fstatSync(file);
      if (!status.isFile()) throw unreadable(path, NOT_PLAIN);
      if (status.size > cap) throw unreadable(path, tooLarge(cap), "ERR_POLICY_TOO_LARGE");
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof PolicyError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw unreadable(path, code === "ELOOP" ? "it is a symbolic link" : (error as Error).message);
  }
}

export const NOT_PLAIN = "it is not a plain file";
export const tooLarge = (cap: number): string => `it holds more than ${cap} bytes`;

const unreadable = (
  path: string,
  why: string,
  code: "ERR_POLICY_UNREADABLE" | "ERR_POLICY_TOO_LARGE" = "ERR_POLICY_UNREADABLE",
): PolicyError => new PolicyError(code, `${path} cannot be read: ${why}`);
