import type { RefName } from "../../model.ts";
import type { Objection } from "../objection.ts";
import type { Rule, TagRule } from "../policy.ts";
import { lightweightWords } from "../ref-words.ts";

/** A lightweight tag is a bare name: nobody signed that this commit is that release. */
export function judgeLightweight(ref: RefName, lightweight: boolean, rule: Rule, tags: TagRule): Objection | null {
  if (!lightweight || tags.lightweight === "allow") return null;
  return { code: "lightweight-tag", ...lightweightWords(ref, rule.name) };
}
