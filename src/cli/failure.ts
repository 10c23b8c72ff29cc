import { gitlabLines, hookLines, show } from "../report/show.ts";
import { exitCodeOf, GitError, PolicyError, SignpolicyError } from "../errors.ts";
import type { PolicyIssue } from "../errors.ts";
import { gitSaid, internalError, reportDefect } from "./messages.ts";
import { spoken } from "./own-program.ts";
import { writeError } from "./streams.ts";

/**
 * Hooks speak the other way round, since git and forges colour and pick out lines that start with `error:`; `gitlab` is what
 * a hook there says besides, for its web pages.
 */
export type Voice = "command" | "hook" | "gitlab";

const SAY: Readonly<Record<Voice, (label: "error" | "hint", text: string) => string>> = {
  command: (label, text) => `signpolicy: ${label}: ${text}\n`,
  hook: hookLines,
  gitlab: gitlabLines,
};

const sayError = (voice: Voice, text: string): string =>
  SAY[voice]("error", voice === "command" ? text : `signpolicy: ${text}`);

const sayHint = (voice: Voice, text: string): string => SAY[voice]("hint", text);

/** Whether a hook's web pages want lines of their own. The pusher may set it, too, and then has each line twice. */
export const isGitlab = (): boolean => process.env["GL_ID"] !== undefined;

/**
 * Tells on stderr what was thrown, escaped, and gives the exit code for it. What we do not know is a defect, with its
 * stack, and 70.
 */
export function reportFailure(error: unknown, voice: Voice = "command"): number {
  writeError(describeFailure(error, voice));
  if (voice === "hook" && isGitlab()) writeError(describeFailure(error, "gitlab"));
  return exitCodeOf(error);
}

export function describeFailure(error: unknown, voice: Voice): string {
  if (!(error instanceof SignpolicyError)) return describeDefect(error, voice);
  // The exceptions that are verdicts, too, and so have a verdict's code.
  const isVerdict = error.code === "ERR_POLICY_MISSING" || error.code === "ERR_POLICY_TOO_LARGE";
  const code = isVerdict && error instanceof PolicyError ? `${error.verdict}: ` : "";
  const parts = [sayError(voice, `${code}${show(error.message)}`)];
  if (error instanceof PolicyError) parts.push(...error.issues.map((issue) => sayError(voice, issueText(issue))));
  if (error instanceof GitError) {
    const said = error.stderr
      .trim()
      .split("\n")
      .slice(0, 5)
      .filter((line) => line !== "" && !error.message.includes(line));
    parts.push(...said.map((line) => sayError(voice, gitSaid(show(line)))));
  }
  if (error.hint !== undefined) parts.push(sayHint(voice, spoken(show(error.hint))));
  return parts.join("");
}

/** `file:line: $.path: message (expected …)`, the first part as editors and terminals link it. */
export function issueText(issue: PolicyIssue): string {
  const line = issue.line === null ? "" : `:${issue.line}`;
  const expected = issue.expected === "" ? "" : ` (expected ${show(issue.expected)})`;
  return `${show(issue.file)}${line}: ${show(issue.path)}: ${show(issue.message)}${expected}`;
}

function describeDefect(error: unknown, voice: Voice): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}`.replace(/^Error: /, "") : String(error);
  const stack =
    error instanceof Error ? (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at ")) : [];
  return [
    sayError(voice, internalError(show(what))),
    ...stack.slice(0, voice === "command" ? 8 : 3).map((line) => sayError(voice, show(line.trim()))),
    sayHint(voice, reportDefect(SIGNPOLICY_VERSION)),
  ].join("");
}
