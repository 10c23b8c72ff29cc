import { PolicyError } from "../errors.ts";
import type { PolicyIssue } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { keysOf, type CheckedPolicy, type OwnedKey } from "./checked.ts";
import { checkPolicy } from "./checks.ts";
import type { Path, Problem } from "./document.ts";
import { problemsOf } from "./issues.ts";
import { entriesOf, isMapping, listOf, mappingOf } from "./loose.ts";
import type { Policy } from "./policy.ts";
import { applyPreset } from "./presets.ts";
import { readDocument } from "./read-document.ts";
import type { ReadDocument } from "./read-document.ts";
import { placeIn, resolveKey, resolvePolicy } from "./resolve.ts";
import { keySchema } from "./key-schema.ts";
import { policySchema } from "./schema.ts";

/** What reading a policy file came to. With issues there is no policy, but keys that could be read are told all the same. */
export interface PolicyReading {
  readonly policy: Policy | null;
  readonly keys: readonly OwnedKey[];
  readonly issues: readonly PolicyIssue[];
  /** From which the same policy comes again; null where there is none. */
  readonly checked: CheckedPolicy | null;
}

/**
 * Reads a policy file: YAML or JSON, or a member of package.json. A policy that comes back has passed every check that the
 * file alone allows; whether its keys can be read is known when they have been (`loadPolicy`).
 *
 * @param file - how messages name the file
 * @throws PolicyError ERR_POLICY_VERSION for a format of another version; never anything else, whatever the bytes
 */
export async function examinePolicy(bytes: Bytes, file: string, member?: "signpolicy"): Promise<PolicyReading> {
  const read = await readDocument(bytes, file, member);
  if (!read.readable) return { policy: null, keys: [], issues: issuesOf(read, read.problems), checked: null };
  const own = read.document.valueOf(read.base);
  refuseOtherVersion(read, own);
  const value = isMapping(own) ? applyPreset(own) : own;
  const parsed = policySchema.safeParse(value);
  const problems = [
    ...read.problems,
    ...[
      ...(parsed.success ? [] : problemsOf(parsed.error.issues, value)),
      ...(isMapping(value) ? checkPolicy(value) : []),
    ].map((problem) => ({ ...problem, path: [...read.base, ...problem.path] })),
  ];
  if (!parsed.success || problems.length > 0) {
    return { policy: null, keys: readableKeys(value, read), issues: issuesOf(read, problems), checked: null };
  }
  const lines: Record<string, number | null> = {};
  const policy = resolvePolicy(parsed.data, (path) => {
    const place = placeIn(read.document, read.base, path);
    lines[place.path] = place.line;
    return place;
  });
  return { policy, keys: keysOf(policy), issues: [], checked: { file: parsed.data, base: read.base, lines } };
}

/**
 * The same for who needs the policy or nothing.
 *
 * @throws PolicyError ERR_POLICY_INVALID with every mistake found, ERR_POLICY_VERSION
 */
export async function parsePolicy(bytes: Bytes, file: string, member?: "signpolicy"): Promise<Policy> {
  const { policy, issues } = await examinePolicy(bytes, file, member);
  if (policy === null) throw invalidPolicy(file, issues);
  return policy;
}

export function invalidPolicy(
  file: string,
  issues: readonly PolicyIssue[],
  code: "ERR_POLICY_INVALID" | "ERR_POLICY_TOO_LARGE" = "ERR_POLICY_INVALID",
): PolicyError {
  const count = issues.length === 1 ? "1 mistake" : `${issues.length} mistakes`;
  return new PolicyError(code, `${file}: ${count} in the policy`, issues);
}

/** Keys that are well written in a file that is not. */
function readableKeys(value: unknown, { document, base }: ReadDocument): readonly OwnedKey[] {
  return entriesOf(mappingOf(value)["principals"]).flatMap(([principal, { keys }]) =>
    listOf(keys).flatMap((key, index) => {
      const parsed = keySchema.safeParse(key);
      if (!parsed.success) return [];
      return [
        {
          principal,
          entry: resolveKey(parsed.data, [], placeIn(document, base, ["principals", principal, "keys", index])),
        },
      ];
    }),
  );
}

/** What another version means by its keys is not ours to judge: say nothing else of the file. */
function refuseOtherVersion(read: ReadDocument, own: unknown): void {
  const version = isMapping(own) ? own["version"] : undefined;
  if (typeof version !== "number" && typeof version !== "string") return;
  // Quoted, 1 is a slip of the writer; 2 and 1.1 are another version in whatever form.
  if (version === 1 || !/^v?(?!1$)\d+(?:\.\d+)*$/.test(String(version))) return;
  const path = [...read.base, "version"];
  const message = `version ${version} of the policy format is not known to this signpolicy`;
  const issue = read.document.issueOf({ path, message, expected: "version: 1" });
  throw new PolicyError("ERR_POLICY_VERSION", `${issue.file}: ${message}`, [issue], {
    hint: "install a newer signpolicy",
  });
}

function issuesOf({ document }: ReadDocument, problems: readonly Problem[]): readonly PolicyIssue[] {
  const spoilt = new Set(problems.filter((problem) => problem.spoilt === true).map(({ path }) => JSON.stringify(path)));
  const isWithin = (path: Path): boolean =>
    spoilt.size > 0 &&
    [...path.keys(), path.length].some((length) => spoilt.has(JSON.stringify(path.slice(0, length))));
  return problems
    .filter((problem) => problem.spoilt === true || !isWithin(problem.path))
    .map((problem) => document.issueOf(problem))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
