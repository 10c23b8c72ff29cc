/** Changing the policy file of a work tree, or one that is named: checked as a whole before anything is written. */
import { dirname, join, relative, resolve, sep } from "node:path";
import { UsageError } from "../errors.ts";
import { entryIfAny, writeWhole } from "../io/files.ts";
import { findRepository } from "../io/repository.ts";
import type { Bytes, Seconds } from "../model.ts";
import { editPolicy } from "../policy/edit-document.ts";
import type { Edit } from "../policy/edit-document.ts";
import { filePolicySource, workTreePolicySource } from "./file-policy.ts";
import { refuseLinkOut } from "./inside-tree.ts";
import { loadPolicy } from "./policy.ts";
import type { LoadedPolicy, PolicySource } from "./policy-source.ts";
import { committedPolicy } from "./committed-policy.ts";
import { policyWarnings } from "./policy-warnings.ts";

export interface PolicyFileChoice {
  /** Folder the command was given in. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A policy file by name; the work tree's own where there is none. */
  readonly policy?: string | undefined;
}

/** A sound policy file and what is needed to change it. */
export interface EditablePolicy {
  readonly loaded: LoadedPolicy;
  readonly source: PolicySource;
  readonly bytes: Bytes;
  /** As messages name it. */
  readonly file: string;
  readonly member: "signpolicy" | undefined;
  /** Absolute: the file, and the folder that key paths start from. */
  readonly path: string;
  readonly folder: string;
  /** Top of the work tree it lies in; null for a file that was named. */
  readonly top: string | null;
  /** What the next change of it is numbered; null where it bears no number. */
  readonly nextSerial: number | null;
}

export interface PolicyChange {
  /** What was written, as paths from the folder the command was given in. */
  readonly written: readonly string[];
  /** What the changed policy may be warned of, and the one before was not. */
  readonly warnings: readonly string[];
  readonly serial: number | null;
}

/** @throws PolicyError for a policy that is not sound, GitError ERR_NOT_A_REPOSITORY */
export async function openPolicy({ directory, environment, policy }: PolicyFileChoice): Promise<EditablePolicy> {
  if (policy !== undefined) {
    const path = resolve(directory, policy);
    const opened = await open(filePolicySource(path), path, null);
    return { ...opened, nextSerial: raised(opened.loaded) };
  }
  const { workTree } = await findRepository(directory, environment);
  if (workTree === null) {
    throw new UsageError("this repository has no work tree whose policy could be changed", {
      hint: "name the file: --policy FILE",
    });
  }
  const opened = await open(workTreePolicySource(workTree), null, workTree);
  // Several changes that are committed as one are one to whoever judges it.
  const committed = await committedPolicy(directory, environment);
  const nextSerial = committed === null ? opened.loaded.policy.serial : (raised(committed) ?? raised(opened.loaded));
  return { ...opened, nextSerial };
}

const raised = ({ policy: { serial } }: LoadedPolicy): number | null => (serial === null ? null : serial + 1);

async function open(
  source: PolicySource,
  named: string | null,
  top: string | null,
): Promise<Omit<EditablePolicy, "nextSerial">> {
  const { bytes, file, member } = await source.readPolicy();
  const loaded = await loadPolicy(source);
  const path = named ?? join(top ?? "", file);
  return { loaded, source, bytes, file, member, path, folder: dirname(path), top };
}

/**
 * Makes the edits, numbers the change where there is a `serial`, and writes key files and policy, but only when the result is a
 * sound policy. Key files are named from the policy's folder.
 *
 * @throws PolicyError with every mistake that the change would make; nothing was written then
 */
export async function changePolicy(
  editable: EditablePolicy,
  edits: readonly Edit[],
  files: ReadonlyMap<string, Bytes>,
  { directory, now }: { readonly directory: string; readonly now: Seconds },
): Promise<PolicyChange> {
  const { loaded, source, bytes, file, member, path, folder, nextSerial } = editable;
  const number: readonly Edit[] = nextSerial === null ? [] : [{ kind: "set", path: ["serial"], value: nextSerial }];
  const changed = await editPolicy(bytes, file, member, [...edits, ...number]);
  const after = await loadPolicy({
    ...(source.administrators === true ? { administrators: true } : {}),
    label: (name) => source.label(name),
    readPolicy: () =>
      Promise.resolve(member === undefined ? { bytes: changed, file } : { bytes: changed, file, member }),
    readKey: (key) => files.get(key) ?? source.readKey(key),
  });
  const contents = [
    ...[...files].map(([name, content]) => [join(folder, name), content] as const),
    [path, changed] as const,
  ];
  if (editable.top !== null) for (const [target] of contents) await refuseLinkOut(editable.top, target);
  for (const [target, content] of contents) await writeWhole(target, content);
  const before = new Set((await policyWarnings(loaded, now)).map(({ message }) => message));
  const warnings = (await policyWarnings(after, now)).filter(({ message }) => !before.has(message));
  return {
    written: [...[...files.keys()].map((name) => join(folder, name)), path].map((one) => shownPath(directory, one)),
    warnings: warnings.map(({ where, message }) => `${where}: ${message}`),
    serial: after.policy.serial,
  };
}

/** A name under `keys/` that no file has: `alice.asc`, else with the end of the fingerprint. */
export async function freeKeyFile(
  { folder, loaded }: EditablePolicy,
  name: string,
  fingerprint: string,
): Promise<string> {
  const taken = new Set(loaded.files);
  for (const candidate of [`keys/${name}.asc`, `keys/${name}-${fingerprint.slice(-8)}.asc`]) {
    if (!taken.has(candidate) && (await entryIfAny(join(folder, candidate))) === null) return candidate;
  }
  return `keys/${name}-${fingerprint}.asc`;
}

export function shownPath(directory: string, path: string): string {
  const way = relative(directory, path);
  return way.startsWith("..") ? path : way.split(sep).join("/");
}
