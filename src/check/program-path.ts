/** Which file the hooks of a clone start. */
import { dirname, join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { entryIfAny } from "../io/files.ts";
import type { ClientPlace } from "./client-place.ts";
import { fromTop, liesIn } from "./client-place.ts";

/**
 * `node_modules/.bin/signpolicy` as seen from the top of the work tree, where git starts hooks: the project's own copy,
 * never one that a bare `npx` could fetch. Null where the project does not have it.
 */
export async function projectProgram(place: ClientPlace): Promise<string | null> {
  if (place.packageDir === null) return null;
  for (let folder = place.packageDir; liesIn(folder, place.top); folder = dirname(folder)) {
    const program = join(folder, "node_modules", ".bin", "signpolicy");
    if ((await entryIfAny(program)) !== null) return fromTop(place, program).replace(/^-/, "./-");
  }
  return null;
}

/** yarn's Plug'n'Play keeps packages in archives: there is no file that a hook could start, ours included. */
export async function isPlugAndPlay(place: ClientPlace): Promise<boolean> {
  for (const folder of [place.packageDir ?? place.top, place.top]) {
    if ((await entryIfAny(join(folder, ".pnp.cjs"))) !== null) return true;
  }
  return false;
}

/** Where there is nothing in node_modules to start. */
export async function notInProject(place: ClientPlace): Promise<SignpolicyError> {
  if (await isPlugAndPlay(place)) {
    return new SignpolicyError("ERR_INSTALL", "yarn's Plug'n'Play leaves no program that a hook can start", {
      hint: "set `nodeLinker: node-modules` in .yarnrc.yml, then: yarn install",
    });
  }
  return new SignpolicyError("ERR_INSTALL", "signpolicy is not among this project's packages", {
    hint: "npm install --save-dev signpolicy",
  });
}
