import { join, resolve } from "node:path";
import type { Owner } from "../io/files.ts";
import type { InstallStep } from "./installation.ts";
import type { Installation } from "./prepare-repository.ts";
import { putServerCode } from "./program-code.ts";
import type { ServerMemory } from "./server-memory.ts";
import { ENTRY, putPackage } from "./server-package.ts";

export interface PutProgram {
  /** Holds the program of one version. */
  readonly folder: string;
  /** What a hook starts, and with which node; null for a program that needs none. */
  readonly entry: string;
  readonly node: string | null;
  readonly step: InstallStep;
}

/** Every folder of a program that this installation or an earlier one left, the present one last. */
export const programsAfter = ({ programs }: ServerMemory, { folder }: PutProgram): string[] => [
  ...programs.filter((known) => known !== folder),
  folder,
];

/** Puts the program under `own`, or under the prefix that was named, which is not given to one repository's owner. */
export async function putProgram(own: string, owner: Owner, { program, options }: Installation): Promise<PutProgram> {
  const parent = options.prefix === undefined ? own : resolve(options.directory, options.prefix);
  const folder = join(parent, program.version);
  const given = options.prefix === undefined ? owner : null;
  const put = await putPackage(folder, program, given);
  const node = program.kind === "package" ? process.execPath : null;
  // The one-file program has its compiled code in it.
  const changed = (node !== null && (await putServerCode(folder, given))) || put;
  const step = { what: `program in ${folder}`, changed };
  return { folder, entry: join(folder, ENTRY[program.kind]), node, step };
}
