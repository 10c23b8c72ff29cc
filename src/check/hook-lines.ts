/** The shell lines that call signpolicy from a husky file. */
import { SignpolicyError } from "../errors.ts";

/** The hooks of a clone, in the order in which they are installed. */
export const CLIENT_HOOKS = ["pre-commit", "pre-merge-commit", "pre-push", "post-commit"] as const;
export type ClientHook = (typeof CLIENT_HOOKS)[number];

/** One word for sh(1). */
export const shellWord = (text: string): string =>
  /^[\w./@%+:,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** A path as the bytes that a hook file holds, each one character. */
export const asLatin1 = (path: string): string => Buffer.from(path).toString("latin1");

/**
 * Lines for `.husky/<hook>`, run by `sh -e` at the top of the work tree. Each ends in a comment sign, so that a file
 * whose lines end in CR LF, or come to by git's autocrlf, still runs: the CR is then part of the comment.
 *
 * @throws SignpolicyError ERR_INSTALL when the path cannot stand on one line
 */
export function huskyLines(hook: ClientHook, program: string): readonly string[] {
  if (/[\r\n\0]/.test(program)) {
    throw new SignpolicyError("ERR_INSTALL", "the path of the project holds a line end");
  }
  const bin = shellWord(asLatin1(program));
  const title = "# are commits signed as the policy asks? `signpolicy uninstall` takes these lines out";
  if (hook === "post-commit") return [title, `[ ! -e ${bin} ] || ${bin} hook ${hook} "$@" || : #`];
  const missing = shellWord(
    `error: signpolicy: ${asLatin1(program)} is missing, so nothing can be checked; run: npm install`,
  );
  const present = `[ -e ${bin} ] || { echo ${missing} >&2; exit 1; } #`;
  if (hook !== "pre-push") return [title, present, `${bin} hook ${hook} "$@" || exit #`];
  // git writes the list of refs once. It goes to a file without a name and is opened twice, so that a later reader of
  // this same script (git-lfs) gets all of it, too.
  return [
    title,
    present,
    `signpolicy_refs=$(mktemp) && cat >"$signpolicy_refs" && exec 3<"$signpolicy_refs" 4<"$signpolicy_refs" || exit 1 #`,
    `rm -f "$signpolicy_refs" #`,
    `${bin} hook ${hook} "$@" <&3 3<&- 4<&- || exit #`,
    `exec <&4 3<&- 4<&- #`,
  ];
}
