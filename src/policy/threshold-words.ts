/** The sentences of findings on thresholds; `words.ts` says what holds for all of them. */
import type { Commit } from "../model.ts";
import { listed, ruleNote } from "./words.ts";

export function thresholdWords(
  counted: readonly string[],
  open: readonly string[],
  threshold: number,
  rule: string,
  commit: Commit,
): { readonly message: string; readonly hint: string } {
  const has = counted.length === 0 ? "has none" : `has ${counted.join(", ")}`;
  const [parent] = commit.parents;
  const range = parent === undefined ? commit.oid : `${parent.slice(0, 12)}..${commit.oid.slice(0, 12)}`;
  return {
    message: `${ruleNote(rule)} asks for ${threshold} people, signer and approvals together, and this commit ${has}`,
    hint: `have ${listed(new Set(open))} approve it: signpolicy approve ${range} --push`,
  };
}
