import type { Decision, Evidence, PolicyOrigin, ReportHead, Summary } from "../model.ts";
import { Causes } from "./causes.ts";
import type { Cause } from "./causes.ts";
import type { Renderer } from "./renderer.ts";
import { count, hookLines, namesRule, shortId, show, showText, toAscii } from "./show.ts";

/** `push`: subjects of a push. `commit`: one that git is about to make. `advice`: one that is made, nothing to be stopped. */
export type HookStage = "push" | "commit" | "advice";

export interface HookOptions {
  readonly stage: HookStage;
  /** GitLab shows in its web pages only the lines that start with `GL-HOOK-ERR:`. */
  readonly gitlab: boolean;
}

const WIDTH = 72;
const SHOWN = 20;

interface RefReport {
  commits: number;
  denied: number;
  deniedCommits: number;
  readonly errors: Causes;
  readonly warnings: Causes;
}

/**
 * What a refused push prints: plain ASCII, no line longer than 72, and every line tells something by itself, because
 * git puts `remote: ` before each and forges show some of them alone. Nothing is printed when all is allowed.
 */
export function createHookRenderer(options: HookOptions): Renderer {
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
        if (!decision.exempt) report.warnings.add(decision);
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
      const out: string[] = [];
      let budget = SHOWN;
      for (const [ref, report] of refused.slice(0, SHOWN)) {
        out.push(hookLines(label, `signpolicy: ${headline(options.stage, ref, report)}`));
        for (const cause of report.errors.list()) {
          const lines = causeLines(cause, label, Math.max(1, budget));
          out.push(lines.text);
          budget -= lines.used;
        }
      }
      if (refused.length > SHOWN)
        out.push(hookLines(label, `signpolicy: +${refused.length - SHOWN} more refs rejected`));
      budget = 5;
      for (const [ref, report] of refs) {
        for (const cause of report.warnings.list()) {
          if (budget <= 0) break;
          out.push(hookLines("warning", `signpolicy: ${count(cause.count, "subject")} on ${show(ref)}`));
          const lines = causeLines(cause, "warning", budget);
          out.push(lines.text);
          budget -= lines.used;
        }
      }
      if (summary.denied > 0 && policy !== null) out.push(hookLines("hint", `policy ${policyName(policy)}`));
      const text = out.join("");
      return options.gitlab ? text + forGitlab(text) : text;
    },
  };
}

const newReport = (): RefReport => ({
  commits: 0,
  denied: 0,
  deniedCommits: 0,
  errors: new Causes(SHOWN),
  warnings: new Causes(SHOWN),
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

function causeLines(cause: Cause, label: "error" | "warning", budget: number): { text: string; used: number } {
  const rule = cause.rule === null || namesRule(cause.message) ? "" : ` (rule "${showText(cause.rule, 60)}")`;
  const out: string[] = [];
  if (cause.message !== null) out.push(hookLines(label, `${cause.code}${rule}: ${show(cause.message, 600)}`));
  const shown = cause.shown.slice(0, budget);
  for (const decision of shown) {
    const line = subjectLine(decision, cause);
    if (line !== null) out.push(hookLines(label, line));
    const first = decision.findings[0];
    if (first !== undefined && cause.message === null) {
      out.push(hookLines(label, `  ${first.code}${rule}: ${show(first.message, 600)}`));
    }
    if (first?.hint !== undefined && cause.hint === null) out.push(hookLines("hint", `fix: ${show(first.hint, 600)}`));
    for (const also of decision.findings.slice(1)) {
      if (also.severity === "error") out.push(hookLines(label, `  also ${also.code}: ${show(also.message, 600)}`));
    }
  }
  if (cause.count > shown.length) out.push(hookLines(label, `+${cause.count - shown.length} more ${cause.code}`));
  if (cause.hint !== null) out.push(hookLines("hint", `fix: ${show(cause.hint, 600)}`));
  return { text: out.join(""), used: shown.length };
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

const forGitlab = (text: string): string =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => `GL-HOOK-ERR: ${line}\n`)
    .join("");
