import { dirname } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { entryIfAny, realPathIfAny } from "../io/files.ts";
import { liesIn } from "./client-place.ts";

/**
 * Refuses a path that links lead out of the work tree, or nowhere: whoever wrote the repository would choose the file that
 * is written.
 *
 * @throws SignpolicyError ERR_INSTALL
 */
export async function refuseLinkOut(top: string, path: string): Promise<void> {
  const real = await realPathIfAny(top);
  for (let part = path; ; part = dirname(part)) {
    const leads = await realPathIfAny(part);
    if (leads !== null && real !== null && liesIn(leads, real)) return;
    if (leads !== null || (await entryIfAny(part)) !== null || part === dirname(part)) {
      throw new SignpolicyError("ERR_INSTALL", `${path} leads out of this work tree`, {
        hint: `look where it leads (ls -ld '${part.replaceAll("'", "'\\''")}'), and remove the link`,
      });
    }
  }
}
