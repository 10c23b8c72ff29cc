import { GitError } from "../errors.ts";

/**
 * What `git rev-parse` answered, a line for each question. It escapes no path (git-rev-parse(1)), so that a folder whose name holds
 * a line end could pass for several answers, and lead to another repository.
 *
 * @param output - of a git that ended well
 * @throws GitError ERR_GIT_UNSAFE
 */
export function answerLines(output: string, questions: number): readonly string[] {
  const lines = output.replace(/\n$/, "").split("\n");
  if (lines.length === questions) return lines;
  throw new GitError(
    "ERR_GIT_UNSAFE",
    "the path of this repository holds a line end, so git's word on it is ambiguous",
    {
      hint: "rename the folder, and try again",
    },
  );
}
