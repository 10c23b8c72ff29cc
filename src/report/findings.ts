/** How formats that list findings, and not decisions, name one: the same words, the same place and the same fingerprint. */
import { digestHex } from "../encoding/digest.ts";
import type { Decision, Finding, PolicyOrigin } from "../model.ts";
import { shortId, show, showText } from "./show.ts";

/** Where the policy lies when nothing says otherwise. */
const USUAL_PLACE = ".signpolicy.yaml";

/**
 * These formats want a file, and a commit has none: they point at the policy that denies, by its path in the repository. For
 * an administrator's file, which lies elsewhere, and where there is none at all, at the place where one is looked for.
 */
export function policyPlace(policy: PolicyOrigin | null): string {
  const [, path = ""] = /^(?:file|ref:[^:]*):(.*)$/s.exec(policy?.source ?? "") ?? [];
  return /^(?!.*\.\.)[\w.-]+(\/[\w.-]+)*$/.test(path) ? path : USUAL_PLACE;
}

/** `commit 1a2b3c4d5e6f "fix parser"` on one line. */
export function subjectName({ subject, shown }: Decision): string {
  const title = shown === null || shown.title === "" ? "" : ` "${show(shown.title, 100)}"`;
  const oid = subject.oid === null ? "" : ` ${shortId(subject.oid)}`;
  const ref = subject.ref === null || (subject.kind === "commit" && oid !== "") ? "" : ` ${show(subject.ref, 200)}`;
  return `${subject.kind}${oid}${ref}${title}`;
}

/** Everything of one finding on one line, safe on any terminal. */
export function findingText(decision: Decision, finding: Finding): string {
  const { shown } = decision;
  const who = shown === null || shown.committer === "" ? "" : ` by ${show(shown.committer, 100)}`;
  const rule = finding.rule === null ? "" : ` (rule "${showText(finding.rule, 60)}")`;
  const mend = finding.hint === undefined ? "" : `; mend: ${show(finding.hint)}`;
  return `${subjectName(decision)}${who}: ${finding.code}: ${show(finding.message)}${rule}${mend}`;
}

/** The same for the same finding in every run, so that forges tell what is new; nothing of it depends on words. */
export function findingFingerprint({ subject }: Decision, { code, rule, severity }: Finding): string {
  const parts = [code, severity, rule, subject.kind, subject.oid, subject.ref];
  return digestHex("sha256", Buffer.from(JSON.stringify(parts), "utf8"));
}
