import type { RefName } from "../../model.ts";
import type { JudgingClock } from "../clock.ts";
import type { Objection } from "../objection.ts";
import type { Rule, TagRule } from "../policy.ts";
import { lightweightWords } from "../ref-words.ts";

/** A lightweight tag is a bare name: nobody signed that this commit is that release. */
export function judgeLightweight(
  ref: RefName,
  lightweight: boolean,
  rule: Rule,
  tags: TagRule,
  clock: JudgingClock,
): Objection | null {
  if (!lightweight || tags.lightweight === "allow") return null;
  const standing = { old: clock.mode === "history", fixed: tags.move === "deny" };
  return { code: "lightweight-tag", ...lightweightWords(ref, rule.name, standing) };
}
