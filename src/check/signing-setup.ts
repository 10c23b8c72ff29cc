/** What git would sign with, whether or not `commit.gpgsign` is on. */
import type { CommitContext } from "../io/commit-context.ts";
import { readCommitContext } from "../io/commit-context.ts";
import { GitConfig } from "../io/config.ts";
import { findSigningKey } from "./signing-key.ts";
import type { SigningKey } from "./signing-key.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface SigningSetUp {
  readonly context: CommitContext;
  readonly key: SigningKey;
}

/** @throws GitError */
export async function readSigningSetUp(
  directory: string,
  { top, gitDir }: { readonly top: string; readonly gitDir: string },
  environment: Variables,
): Promise<SigningSetUp> {
  const context = await readCommitContext(directory, gitDir, environment);
  const on = { scope: "command", key: "commit.gpgsign", value: "true" } as const;
  const config = new GitConfig([...context.config.values, on]);
  return { context, key: await findSigningKey(config, context.committer, { top, environment }) };
}
