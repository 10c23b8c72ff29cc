/** Sentences about changes of a policy, for refusals, acceptances and `policy diff`. */
import type { Demand, Unmet } from "./authorise.ts";
import type { Names } from "./policy.ts";
import type { PolicyChange } from "./policy-diff.ts";
import { bytesOf, listed } from "./words.ts";

/** `rules.main.commits.signedBy adds bob` */
export const changeWords = ({ path, message }: Pick<PolicyChange, "path" | "message">): string => `${path} ${message}`;

/** Who may make a change: `2 of alice or bob (right keys)`. */
export function demandWords({ count, rights, own }: Demand): string {
  const sets = [...new Set(rights.map(({ holders }) => listed(holders)))];
  const all = sets.length === 1 && rights.length > 1;
  const parts = all
    ? [`${takes(count, rights[0]?.holders ?? new Set())} (every right)`]
    : rights.map(
        ({ right, holders }) => `${takes(count, holders)} (${right === "any" ? "any right" : `right ${right}`})`,
      );
  const owner = own === null ? "" : `${own}, whose key it is, or `;
  return owner + parts.join(", and ");
}

const takes = (count: number, holders: Names): string =>
  count === 1 ? listed(holders) : `${count} of ${listed(holders)}`;

const SHOWN = 4;

/** Why a commit may not change the policy as it does. `agreed` are its signer and those who approved it. */
export function unmetWords(
  unmet: readonly Unmet[],
  agreed: ReadonlySet<string>,
): { readonly message: string; readonly hint: string } {
  const told = unmet
    .slice(0, SHOWN)
    .map(({ demand }) => `${changeWords(demand.change)} (${demand.change.effect}: takes ${demandWords(demand)})`);
  const more = unmet.length > SHOWN ? `; and ${unmet.length - SHOWN} more` : "";
  const who =
    agreed.size === 0
      ? "and no signature that counts agrees"
      : `to which ${[...agreed].join(", ")} alone may not agree`;
  const missing = new Set(unmet.flatMap((one) => [...one.missing]));
  const begun = unmet.every((one) => one.begun);
  const marked = unmet.flatMap(({ demand }) => demand.change.marks ?? []);
  const blast = marked.length === 0 ? "" : `; what would fall: signpolicy keys blast ${marked[0] ?? ""}`;
  return {
    message: bytesOf(`changes the policy, ${who}: ${told.join("; ")}${more}`),
    hint: bytesOf(
      (missing.size === 0
        ? "nobody may make this change; an administrator of the server can set another policy"
        : begun
          ? `have the change approved by ${listed(missing)} as well`
          : `have the change signed by ${listed(missing)}`) + blast,
    ),
  };
}

export const faultWords = (faults: readonly string[]): { readonly message: string; readonly hint: string } => ({
  message: bytesOf(`the policy that this commit leaves behind cannot govern: ${faults.join("; ")}`),
  hint: "mend it in the same commit (signpolicy policy check tells every mistake)",
});
