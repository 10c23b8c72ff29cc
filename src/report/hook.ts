import type { Decision, Evidence, PolicyOrigin, ReportHead, Summary } from "../model.ts";
import { Causes } from "./causes.ts";
import type { Cause } from "./causes.ts";
import type { Renderer } from "./renderer.ts";
import { count, gitlabLines, hookLines, namesRule, shortId, show, showText, toAscii } from "./show.ts";

/** `push`: subjects of a push. `commit`: one that git is about to make. `advice`: one that is made, nothing to be stopped. */
export type HookStage = "push" | "commit" | "advice";

export interface HookOptions {
  readonly stage: HookStage;
  /** GitLab shows in its web pages only the lines that start with `GL-HOOK-ERR:`. */
  readonly gitlab: boolean;
  /** A coding agent reads it, which is quick to go on by another way. */
  readonly agent?: boolean;
  /** A hint with its commands as they can be run where it is read. */
  readonly spoken?: (hint: string) => string;
}

const WIDTH = 72;

const FOR_AGENTS =
  "agent: where the fix does not help, stop and tell your user; do not retry with --no-verify, --no-gpg-sign or HUSKY=0, the server refuses it all the same";

/** Commits and tags that one message tells of; what is beyond is counted. An attacker chooses how many there are. */
const SHOWN = 20;
const SHOWN_WARNINGS = 5;

interface RefReport {
  commits: number;
  denied: number;
  deniedCommits: number;
  readonly errors: Causes;
  readonly warnings: Causes;
  /** What an override lifted, which is to be followed by an exemption once the push has landed. */
  readonly lifted: Causes;
}

/**
 * What a refused push prints: plain ASCII, no line longer than 72 but for a command, and every line tells something by itself, because
 * git puts `remote: ` before each and forges show some of them alone. Nothing is printed when all is allowed.
 */
export function createHookRenderer(options: HookOptions): Renderer {
  const { spoken = (hint: string) => hint } = options;
  const refs = new Map<string, RefReport>();
  let policy: PolicyOrigin | null = null;

  return {
    begin(head: ReportHead): string {
      policy = head.policy;
      return head.notes.map((note) => hookLines("warning", `signpolicy: ${show(note)}`)).join("");
    },
    decision(decision: Decision): string {
      const name = decision.subject.ref ?? "";
      const report = refs.get(name) ?? newReport();
      refs.set(name, report);
      const isCommit = decision.subject.kind === "commit";
      if (isCommit) report.commits++;
      if (decision.allow) {
        if (decision.lifted !== undefined) report.lifted.add(decision);
        else if (!decision.exempt) report.warnings.add(decision);
        return "";
      }
      report.denied++;
      if (isCommit) report.deniedCommits++;
      report.errors.add(decision);
      return "";
    },
    end(summary: Summary): string {
      const label = options.stage === "advice" ? "warning" : "error";
      const refused = [...refs].filter(([, report]) => report.denied > 0);
      const lines: Line[] = [];
      const errors = { left: SHOWN, told: new Set<string>() };
      for (const [ref, report] of refused.slice(0, SHOWN)) {
        lines.push([label, `signpolicy: ${headline(options.stage, ref, report)}`]);
        lines.push(...refLines(report.errors.list(), label, errors));
      }
      if (refused.length > SHOWN) lines.push([label, `signpolicy: +${refused.length - SHOWN} more refs rejected`]);
      const landing = summary.denied === 0;
      const isLifted = landing && [...refs.values()].some((report) => report.lifted.list().length > 0);
      const warnings = { left: isLifted ? SHOWN : SHOWN_WARNINGS, told: new Set<string>() };
      for (const [ref, report] of refs) {
        const causes = [...(landing ? report.lifted.list() : []), ...report.warnings.list()];
        if (causes.length === 0 || warnings.left <= 0) continue;
        const many = causes.reduce((sum, cause) => sum + cause.count, 0);
        lines.push(["warning", `signpolicy: ${count(many, "warning")} on ${show(ref)}`]);
        lines.push(...refLines(causes, "warning", warnings));
      }
      if (summary.denied > 0 && options.agent === true) lines.push(["hint", FOR_AGENTS]);
      if (summary.denied > 0 && policy !== null) lines.push(["hint", `policy ${policyName(policy)}`]);
      const told = lines.map(([word, shown]) => [word, word === "hint" ? spoken(shown) : shown] as const);
      const text = told.map(([word, shown]) => hookLines(word, shown)).join("");
      return options.gitlab ? text + told.map(([word, shown]) => gitlabLines(word, shown)).join("") : text;
    },
  };
}

type Line = readonly [label: "error" | "warning" | "hint", shown: string];

/** How many subjects may still be shown, and which causes were explained by now. */
interface Budget {
  left: number;
  readonly told: Set<string>;
}

const newReport = (): RefReport => ({
  commits: 0,
  denied: 0,
  deniedCommits: 0,
  errors: new Causes(SHOWN),
  warnings: new Causes(SHOWN),
  lifted: new Causes(SHOWN),
});

function headline(stage: HookStage, ref: string, report: RefReport): string {
  if (stage !== "push") {
    const who = ref === "" ? "the policy" : show(ref);
    return stage === "commit" ? `commit stopped: ${who} would reject it` : `${who} would reject this commit`;
  }
  const name = ref === "" ? "the push" : show(ref);
  if (report.deniedCommits === 0) return `rejected: ${name}`;
  return `${report.deniedCommits} of ${count(report.commits, "commit")} rejected on ${name}`;
}

/** One ref's causes; once the budget is spent a cause is explained where it is the first of its kind, else only counted. */
function refLines(causes: readonly Cause[], label: "error" | "warning", budget: Budget): readonly Line[] {
  const lines: Line[] = [];
  const more = new Map<string, number>();
  for (const cause of causes) {
    const kind = JSON.stringify([cause.code, cause.rule]);
    const shown = cause.shown.slice(0, budget.left);
    if (shown.length > 0 || !budget.told.has(kind)) lines.push(...causeLines(cause, label, shown));
    else more.set(cause.code, (more.get(cause.code) ?? 0) + cause.count);
    budget.told.add(kind);
    budget.left -= shown.length;
  }
  for (const [code, many] of more) lines.push([label, `+${many} more ${code}`]);
  return lines;
}

function causeLines(cause: Cause, label: "error" | "warning", shown: readonly Decision[]): readonly Line[] {
  const rule = cause.rule === null || namesRule(cause.message) ? "" : ` (rule "${showText(cause.rule, 60)}")`;
  const lines: Line[] = [];
  if (cause.message !== null) lines.push([label, `${cause.code}${rule}: ${show(cause.message, 600)}`]);
  for (const [index, decision] of shown.entries()) {
    const line = subjectLine(decision, cause);
    if (line !== null) lines.push([label, line]);
    const first = decision.findings[0];
    if (first !== undefined && cause.message === null) {
      lines.push([label, `  ${first.code}${rule}: ${show(first.message, 600)}`]);
    }
    for (const also of decision.findings.slice(1)) {
      if (also.severity === "error") lines.push([label, `  also ${also.code}: ${show(also.message, 600)}`]);
    }
    // Said once of several in a row that one command mends.
    const isSaidBelow = shown[index + 1]?.findings[0]?.hint === first?.hint;
    if (first?.hint !== undefined && cause.hint === null && !isSaidBelow)
      lines.push(["hint", `fix: ${show(first.hint, 600)}`]);
  }
  if (cause.count > shown.length) lines.push([label, `+${cause.count - shown.length} more ${cause.code}`]);
  if (cause.hint !== null) lines.push(["hint", `fix: ${show(cause.hint, 600)}`]);
  return lines;
}

/** `1a2b3c4d unsigned "fix parser" bob@x.io`, the title cut so that it is one line; the update of a ref has no such line. */
function subjectLine({ subject, shown, evidence, findings }: Decision, cause: Cause): string | null {
  if (subject.oid === null || subject.kind === "ref" || subject.kind === "push") return null;
  const head = `${shortId(subject.oid, 8)} ${cause.code}`;
  if (shown === null) return head;
  const who = toAscii(emailOf(shown.committer === "" ? shown.author : shown.committer));
  const signer = signerOf(evidence, findings[0]?.message ?? "");
  const tail = ` ${who}${signer}`;
  const room = Math.max(16, WIDTH - "error: ".length - 2 - head.length - tail.length - 3);
  // Letters beyond ASCII are only decoration here: the id names the commit.
  return `${head} "${show(shown.title, room).replace(/[^\x20-\x7e]/gu, "?")}"${tail}`;
}

/** Who signed, where the message does not say it already. */
function signerOf(evidence: readonly Evidence[], message: string): string {
  const [piece] = evidence;
  if (piece?.outcome !== "verified" || message.includes(piece.signer.key.fingerprint)) return "";
  return ` signed by ${showText(piece.signer.principal, 70)}`;
}

/** Hooks have little room: the e-mail is what rules look at, the name is not. */
function emailOf(person: string): string {
  const shown = show(person, 160);
  return /<([^<>]*)>$/.exec(shown)?.[1] ?? shown;
}

const policyName = ({ source, digest }: PolicyOrigin): string =>
  `${show(source)} ${digest.slice(0, "sha256:".length + 12)}`;
