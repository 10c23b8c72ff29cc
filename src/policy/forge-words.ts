/** The sentences of findings on what forges sign; `words.ts` says what holds for all of them. */
import type { Signer } from "../model.ts";
import { ruleNote, signerNote } from "./words.ts";

export const forgeWords = (
  signer: Signer,
  problem: string,
  squash: boolean,
  rule: string,
): { readonly message: string; readonly hint: string } => ({
  message: `signed by ${signerNote(signer)}, a forge, whose signature counts for ${ruleNote(rule)} only on a merge that git makes by itself: ${problem}`,
  hint: squash
    ? "have somebody whom the rule names approve the result: signpolicy approve BASE..TIP --as-squash --push"
    : "merge or commit it in a clone, and sign it yourself",
});
