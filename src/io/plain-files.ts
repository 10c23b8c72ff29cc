import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { PolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";

/**
 * A plain file's bytes, null where there is none. A link, a folder, a device or a file over the cap is refused, never
 * passed over.
 *
 * @throws PolicyError ERR_POLICY_UNREADABLE
 */
export async function readPlainFile(path: string, cap: number): Promise<Bytes | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = await file.stat();
      if (!status.isFile()) throw unreadable(path, "it is not a plain file");
      if (status.size > cap) throw unreadable(path, `it holds more than ${cap} bytes`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof PolicyError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw unreadable(path, code === "ELOOP" ? "it is a symbolic link" : (error as Error).message);
  }
}

const unreadable = (path: string, why: string): PolicyError =>
  new PolicyError("ERR_POLICY_UNREADABLE", `${path} cannot be read: ${why}`);
