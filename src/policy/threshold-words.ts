/** The sentences of findings on thresholds; `words.ts` says what holds for all of them. */
import type { Commit } from "../model.ts";
import { listed, ruleNote } from "./words.ts";

export function thresholdWords(
  counted: readonly string[],
  open: readonly string[],
  threshold: number,
  rule: string,
  commit: Commit,
  fetches: boolean | undefined,
): { readonly message: string; readonly hint: string } {
  const has = counted.length === 0 ? "has none" : `has ${counted.join(", ")}`;
  const [parent] = commit.parents;
  const range = parent === undefined ? commit.oid : `${parent.slice(0, 12)}..${commit.oid.slice(0, 12)}`;
  return {
    message: `${ruleNote(rule)} asks for ${threshold} people, signer and approvals together, and this commit ${has}`,
    hint: `have ${listed(new Set(open))} approve it: signpolicy approve ${range} --push${alreadyThere(fetches)}`,
  };
}

/** Where somebody approved it already, and this clone does not know. */
function alreadyThere(fetches: boolean | undefined): string {
  if (fetches === undefined) return "";
  const command = fetches ? "git fetch" : "signpolicy install && git fetch";
  return `; or, for approvals that are there already: ${command}`;
}
