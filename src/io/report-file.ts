/** Reports that a job of CI writes to files. The work tree around them is a stranger's. */
import { appendFileSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { writeWhole } from "./files.ts";

/**
 * Writes a report, relative to `cwd`. A symbolic link in its place is replaced, not followed; one among its folders is refused,
 * since a request could lead the report anywhere.
 *
 * @throws SignpolicyError ERR_IO
 */
export async function writeReport(cwd: string, file: string, text: string): Promise<void> {
  const path = resolve(cwd, file);
  const [top, folder] = [await realpath(cwd), dirname(path)];
  const real = await realpath(folder).catch((cause: unknown) => {
    throw new SignpolicyError("ERR_IO", `cannot write ${file}: there is no folder ${folder}`, { cause });
  });
  const inside = dirname(resolve(top, file));
  if (inside.startsWith(`${top}/`) && real !== inside) {
    throw new SignpolicyError("ERR_IO", `cannot write ${file}: its folder is a symbolic link in the checkout`);
  }
  await writeWhole(path, Buffer.from(text, "utf8"), { mode: 0o644 });
}

/** @throws SignpolicyError ERR_IO */
export function appendText(path: string, text: string): void {
  try {
    appendFileSync(path, text);
  } catch (cause) {
    throw new SignpolicyError("ERR_IO", `cannot write ${path}: ${(cause as NodeJS.ErrnoException).code ?? ""}`, {
      cause,
    });
  }
}
