/**
 * A policy file that passed every check, as plain data: from it comes the same policy as from the file, without checking it
 * again. Whoever keeps one answers for its being the one that was checked.
 */
import type { Path } from "./document.ts";
import { renderPath } from "./document.ts";
import type { KeyEntry, Place, Policy } from "./policy.ts";
import { resolvePolicy } from "./resolve.ts";
import type { PolicyFile } from "./schema.ts";

export interface CheckedPolicy {
  readonly file: PolicyFile;
  /** Where in the file the policy lies. */
  readonly base: Path;
  /** The lines of what may yet turn out to be wrong, by JSON path. */
  readonly lines: Readonly<Record<string, number | null>>;
}

export interface OwnedKey {
  readonly principal: string;
  readonly entry: KeyEntry;
}

export interface ResolvedPolicy {
  readonly policy: Policy;
  readonly keys: readonly OwnedKey[];
}

export function resolveChecked({ file, base, lines }: CheckedPolicy): ResolvedPolicy {
  const place = (path: Path): Place => {
    const text = renderPath([...base, ...path]);
    return { path: text, line: lines[text] ?? null };
  };
  const policy = resolvePolicy(file, place);
  return { policy, keys: keysOf(policy) };
}

/** Every key, in the order of the file. */
export const keysOf = (policy: Policy): readonly OwnedKey[] =>
  [...policy.principals.values()].flatMap(({ id, keys }) => keys.map((entry) => ({ principal: id, entry })));
