import type { Commit, Signer, Tag } from "../../model.ts";
import { matchEmail, ownerOf } from "../emails.ts";
import { identityCommand, reauthorCommand, shellWord } from "../fixes.ts";
import type { Fix } from "../fixes.ts";
import type { Objection } from "../objection.ts";
import type { IdentityRule, Policy, Principal } from "../policy.ts";
import { foreignAuthorWords, identityWords } from "../words.ts";

/**
 * The e-mails that a commit shows must be the signer's: the committer's, the author's, or both. A forge commits in the
 * name of its users, so of it only the committer's is asked. Anyone may write any author, so an author's e-mail that
 * belongs to another principal is pointed out even where it is not asked about; `none` asks and says nothing.
 */
export function judgeCommitIdentity(
  signer: Signer,
  asked: IdentityRule,
  commit: Commit,
  policy: Policy,
  fix: Fix | undefined,
): Objection | null {
  if (asked === "none") return null;
  const principal = policy.principals.get(signer.principal);
  const forge = principal?.role === "forge";
  const ownAuthor = owns(principal, commit.author.email);
  if ((forge || asked !== "author") && !owns(principal, commit.committer.email)) {
    return commitMismatch("committer", signer, principal, commit, fix);
  }
  if (forge || ownAuthor) return null;
  return asked === "committer"
    ? warnOfAuthor(signer, commit, policy, fix)
    : commitMismatch("author", signer, principal, commit, fix);
}

/** The tagger's e-mail must be the signer's. A tag without a tagger shows nobody and matches nobody. */
export function judgeTagIdentity(signer: Signer, tag: Tag, policy: Policy, again: () => string): Objection | null {
  const principal = policy.principals.get(signer.principal);
  const email = tag.tagger?.email ?? "";
  if (tag.tagger !== null && owns(principal, email)) return null;
  const own = ownEmail(principal, email);
  const command = own === null ? null : `git config user.email ${shellWord(own) ?? "E-MAIL"} && ${again()}`;
  return mismatch("tagger", email, signer, principal, command);
}

function commitMismatch(
  who: "committer" | "author",
  signer: Signer,
  principal: Principal | undefined,
  commit: Commit,
  fix: Fix | undefined,
): Objection {
  const { email } = commit[who];
  const own = ownEmail(principal, email);
  // One wrong setting writes both; an author of his own is left alone.
  const author = who === "author" || commit.author.email === commit.committer.email;
  return mismatch(who, email, signer, principal, own === null ? null : identityCommand(commit, fix, own, author));
}

function mismatch(
  who: "committer" | "author" | "tagger",
  email: string,
  signer: Signer,
  principal: Principal | undefined,
  command: string | null,
): Objection {
  const byCase = principal !== undefined && matchEmail(principal, email) === "by-case";
  return { code: "identity-mismatch", ...identityWords(signer, principal, who, email, byCase, command) };
}

function warnOfAuthor(signer: Signer, commit: Commit, policy: Policy, fix: Fix | undefined): Objection | null {
  const { email } = commit.author;
  const other = ownerOf(policy, email);
  if (other === null || other.id === signer.principal) return null;
  return {
    code: "identity-mismatch",
    ...foreignAuthorWords(signer, email, other, reauthorCommand(commit, fix)),
    advisory: true,
  };
}

const owns = (principal: Principal | undefined, email: string): boolean =>
  principal !== undefined && matchEmail(principal, email) === "same";

/** The e-mail to use instead: the one meant where only its case is wrong, else the signer's first; a forge's is not ours to set. */
function ownEmail(principal: Principal | undefined, email: string): string | null {
  if (principal === undefined || principal.role === "forge") return null;
  const meant = principal.emails.find((own) => own.toLowerCase() === email.toLowerCase());
  return meant ?? principal.emails[0] ?? null;
}
