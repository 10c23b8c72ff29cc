import { join, resolve } from "node:path";
import type { Owner } from "../io/files.ts";
import type { InstallStep } from "./installation.ts";
import type { Installation } from "./prepare-repository.ts";
import { putServerCode, rehearseFor } from "./program-code.ts";
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

/** Under `own`, or under the prefix that was named, which is not given to one repository's owner. */
function placeOf(own: string, owner: Owner, { program, options }: Installation) {
  const parent = options.prefix === undefined ? own : resolve(options.directory, options.prefix);
  return { folder: join(parent, program.version), given: options.prefix === undefined ? owner : null };
}

/** What is to be known before `putProgram` may act with the owner's rights alone. */
export async function prepareProgram(own: string, owner: Owner, installation: Installation): Promise<void> {
  const { folder, given } = placeOf(own, owner, installation);
  if (installation.program.kind === "package") await rehearseFor(folder, given, installation.options.environment);
}

export async function putProgram(own: string, owner: Owner, installation: Installation): Promise<PutProgram> {
  const { program } = installation;
  const { folder, given } = placeOf(own, owner, installation);
  const put = await putPackage(folder, program, given);
  const node = program.kind === "package" ? process.execPath : null;
  // The one-file program has its compiled code in it.
  const changed = (node !== null && (await putServerCode(folder, given))) || put;
  const step = { what: `program in ${folder}`, changed };
  return { folder, entry: join(folder, ENTRY[program.kind]), node, step };
}
