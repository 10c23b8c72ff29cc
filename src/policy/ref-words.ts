/** The sentences of findings on refs and tag names; `words.ts` says what holds for all of them. */
import type { ObjectId, ObjectKind, RefName } from "../model.ts";
import { shortTag, tagCommand } from "./fixes.ts";
import type { Reserved } from "./reserved.ts";
import { ruleNote } from "./words.ts";

interface Words {
  readonly message: string;
  readonly hint: string;
}

export const unmatchedWords = (ref: RefName | null): Words => ({
  message: `no rule of the policy names ${ref ?? "a ref for this object"}, and \`unmatched\` is deny`,
  hint: "push to a ref that a rule names, or have a rule name this one; the change of the policy must land first",
});

export const reservedWords = (ref: RefName, reserved: Reserved): Words => ({
  message:
    reserved === "head"
      ? `${ref} can be taken for HEAD, and no rule spells that name out`
      : `${ref} is reserved, and no rule spells refs/${reserved}/ out`,
  hint: reserved === "head" ? "give the ref another name" : "do not push it; git push without --mirror leaves it out",
});

export const replacedWords = (ref: RefName): Words => ({
  message: `${ref} would show other content under an object id that was judged`,
  hint: `drop the replacement: git replace -d ${/^[0-9a-f]{40,64}$/.exec(ref.slice(13))?.[0] ?? "OBJECT"}`,
});

export const PUSH_OBJECTS =
  "push again with the objects; where a shallow or partial clone lacks them: git fetch --unshallow";

export const missingValueWords = (ref: RefName, value: ObjectId): Words => ({
  message: `${value}, the new value of ${ref}, is not in the repository`,
  hint: PUSH_OBJECTS,
});

export const notACommitWords = (ref: RefName, kind: ObjectKind): Words => ({
  message: `${ref} would hold a ${kind}; under refs/heads/ only commits may stand`,
  hint: kind === "tag" ? "push the commit itself: TAG^{commit}" : "push a commit",
});

export const deletionWords = (ref: RefName, rule: string): Words => ({
  message: `${ref} may not be deleted (${ruleNote(rule)})`,
  hint: "leave it; a change of the rule must land first",
});

/** Most often somebody else was faster, and nobody meant to take anything away. */
const PULL = "git pull --rebase, then push again; to take a change back: git revert";

export const rollbackWords = (ref: RefName, rule: string, unknown: boolean): Words => ({
  message: `not a fast-forward: ${ref} would lose commits${unknown ? " as far as can be told" : ""} (${ruleNote(rule)})`,
  hint: PULL,
});

export const moveWords = (ref: RefName, rule: string): Words => ({
  message: `${ref} stands and may not be moved (${ruleNote(rule)})`,
  hint: "make a new tag under a new name",
});

/** `old`: it may have been pushed already, and where `fixed` it is not moved any more. */
export const lightweightWords = (
  ref: RefName,
  rule: string,
  { old, fixed }: Record<"old" | "fixed", boolean>,
): Words => ({
  message: `${ref} is a lightweight tag, which carries no signature (${ruleNote(rule)})`,
  hint: `${tagCommand(ref)}${old && fixed ? "; one that was pushed may not be moved: sign a new one, and have the rule name those alone" : ""}`,
});

export const tagNameWords = (ref: RefName, name: string): Words => ({
  message: `the tag was signed as ${name}, not as ${shortTag(ref)}`,
  hint: ref.startsWith("refs/tags/") ? tagCommand(ref) : `push it as refs/tags/ and the name it was signed as`,
});

export const policyRefWords = (ref: RefName, done: "deleted" | "rewound"): Words => ({
  message: `${done === "rewound" ? "not a fast-forward: " : ""}the policy in force is read from ${ref}, which is never ${done}`,
  hint:
    done === "deleted" ? "leave it; where the policy is read from is set with git config signpolicy.policyRef" : PULL,
});

export const unguardedWords = (ref: RefName): Words => ({
  message: `the policy in force is read from ${ref}, which no rule with \`commits\` at error level names: whoever may push there could replace it`,
  hint: "have the administrator put a policy in force that guards this ref: git config signpolicy.policy /ABSOLUTE/FILE",
});
