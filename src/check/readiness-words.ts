/** What a finding says of a commit that does not exist yet, and the one command that mends it before it is made. */
import type { CommitContext } from "../io/commit-context.ts";
import type { Finding } from "../model.ts";
import { ownerOf } from "../policy/emails.ts";
import { shellWord } from "../policy/fixes.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { SigningKey } from "./signing-key.ts";
import { setByOption } from "./signing-key.ts";

export interface Readiness {
  readonly loaded: LoadedPolicy;
  readonly context: CommitContext;
  readonly key: SigningKey;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The same finding in words that fit a preflight. */
export function readinessWords(finding: Finding, about: Readiness): Finding {
  const { key, context } = about;
  if (key.kind === "none" && finding.code === key.code) {
    const allowed = finding.code === "unknown-key" ? `; the committer is ${context.committer.email}` : "";
    return { ...finding, message: key.why + allowed, hint: key.fix };
  }
  if (finding.code === "unknown-key") return { ...finding, hint: unknownKeyFix(about) };
  if (finding.code === "identity-mismatch" && finding.severity === "error") return withIdentityFix(finding, about);
  // The commit is not made yet: there is nothing to amend.
  return finding.hint === undefined
    ? finding
    : { ...finding, hint: finding.hint.replaceAll("git commit --amend --no-edit -S", "commit again") };
}

function unknownKeyFix({ loaded, context }: Readiness): string {
  const owner = ownerOf(loaded.policy, context.committer.email);
  return owner === null
    ? "ask a maintainer to add your key and e-mail to the policy"
    : `git config user.signingkey FINGERPRINT, of a key that the policy has for ${owner.id}; or ask a maintainer to add this one`;
}

/** An option or a variable beats the configuration file, so changing the file would not help. */
function withIdentityFix(finding: Finding, { context, environment }: Readiness): Finding {
  const own = /git config user\.email (\S+|'[^']*')/.exec(finding.hint ?? "")?.[0];
  const { committer } = context;
  if (environment["GIT_COMMITTER_EMAIL"] === committer.email) return { ...finding, hint: "unset GIT_COMMITTER_EMAIL" };
  if (setByOption("user.email", environment)) {
    const option = shellWord(`user.email=${committer.email}`) ?? "user.email=...";
    return { ...finding, hint: `leave out \`-c ${option}\`${own === undefined ? "" : `, or ${own}`}` };
  }
  return own === undefined ? finding : { ...finding, hint: own };
}
