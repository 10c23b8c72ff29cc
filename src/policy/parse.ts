import { PolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { checkPolicy } from "./checks.ts";
import type { Path, Problem } from "./document.ts";
import { problemsOf } from "./issues.ts";
import { isMapping } from "./loose.ts";
import type { Policy } from "./policy.ts";
import { applyPreset } from "./presets.ts";
import { readDocument } from "./read-document.ts";
import type { ReadDocument } from "./read-document.ts";
import { resolvePolicy } from "./resolve.ts";
import { policySchema } from "./schema.ts";

/**
 * Reads a policy file: YAML or JSON, or a member of package.json. What it returns has passed every check that the file
 * alone allows; whether its keys can be read is known when they have been (`loadPolicy`).
 *
 * @param file - how messages name the file
 * @throws PolicyError ERR_POLICY_INVALID with every mistake found, ERR_POLICY_VERSION for a format of another version;
 * never anything else, whatever the bytes
 */
export async function parsePolicy(bytes: Bytes, file: string, member?: "signpolicy"): Promise<Policy> {
  const read = await readDocument(bytes, file, member);
  if (!read.readable) throw refuse(read, read.problems);
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
  if (!parsed.success || problems.length > 0) throw refuse(read, problems);
  return resolvePolicy(parsed.data, read.document, read.base);
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

function refuse({ document }: ReadDocument, problems: readonly Problem[]): PolicyError {
  const spoilt = problems.filter(({ spoilt }) => spoilt === true).map(({ path }) => path);
  const told = problems.filter(
    (problem) => problem.spoilt === true || !spoilt.some((path) => isWithin(problem.path, path)),
  );
  const issues = told.map((problem) => document.issueOf(problem)).sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const count = issues.length === 1 ? "1 mistake" : `${issues.length} mistakes`;
  return new PolicyError("ERR_POLICY_INVALID", `${document.file}: ${count} in the policy`, issues);
}

const isWithin = (path: Path, outer: Path): boolean => outer.every((key, index) => path[index] === key);
