import type { RefName } from "../../model.ts";
import { namesRef, rulesFor } from "../applies.ts";
import type { Objection } from "../objection.ts";
import type { Policy, Rule } from "../policy.ts";
import { reservedKind } from "../reserved.ts";
import { reservedWords, unmatchedWords, replacedWords } from "../ref-words.ts";

const NONE: readonly Objection[] = [];

/**
 * A ref that no rule names is denied, unless the policy says `unmatched: allow`. That never opens the reserved refs:
 * `refs/replace/**` shows other content under an id that was judged, `refs/signpolicy/**` is what judgements rest on.
 */
export function judgeUnmatched(policy: Policy, ref: RefName, rules: readonly Rule[]): readonly Objection[] {
  // Those of a symbolic ref's target are among them: they do not name the alias.
  if (rules.some((rule) => rule.refs.some((glob) => namesRef(glob, ref)))) return NONE;
  const reserved = reservedKind(ref);
  if (reserved === null && policy.unmatched === "allow") return NONE;
  const unmatched: Objection =
    reserved === null
      ? { code: "ref-unmatched", ...unmatchedWords(ref) }
      : { code: "ref-unmatched", ...reservedWords(ref, reserved) };
  return reserved === "replace" ? [{ code: "replaced-object", ...replacedWords(ref) }, unmatched] : [unmatched];
}

/**
 * The same for a commit that no rule with `commits` applies to. A ref that some rule names, which asks nothing of
 * commits, is not unmatched; an object judged for no ref at all is.
 */
export function judgeUnruledCommit(policy: Policy, ref: RefName | null): readonly Objection[] {
  if (ref !== null) return judgeUnmatched(policy, ref, rulesFor(policy, ref));
  return policy.unmatched === "allow" ? NONE : [{ code: "ref-unmatched", ...unmatchedWords(null) }];
}
