import type { Decision, RefName } from "../model.ts";
import { decideProblem, type Problem } from "../policy/decide-problem.ts";
import { foldPath } from "../policy/path-folding.ts";
import { compilePathGlob } from "../policy/path-globs.ts";
import type { Policy, Rule } from "../policy/policy.ts";
import type { RefUpdate } from "./push-input.ts";

/**
 * Refuses names of refs that a file system which folds names keeps in the place of others. Git's refs are files: there a
 * push to `refs/heads/Main` moves what `refs/heads/main` is read from, past every rule that names it. Deletions pass: they
 * take such a name away.
 *
 * @param standing - every ref of the repository
 */
export function refuseFolded(
  policy: Policy,
  updates: readonly RefUpdate[],
  standing: Iterable<RefName>,
): readonly Decision[] {
  const brought = updates.filter((update) => update.new !== null);
  const places = new Map<string, Set<RefName>>();
  for (const ref of [...standing, ...brought.map(({ ref }) => ref)]) {
    const place = foldPath(ref).join("/");
    places.set(place, (places.get(place) ?? new Set()).add(ref));
  }
  const folded = policy.rules.map((rule) => ({
    rule,
    globs: rule.refs.map(({ pattern }) => compilePathGlob(pattern)),
  }));
  return brought.flatMap(({ ref, new: oid }) => {
    const other = [...(places.get(foldPath(ref).join("/")) ?? [])].find((name) => name !== ref);
    const meant = folded.find(({ rule, globs }) => !names(rule, ref) && globs.some((glob) => glob.matches(ref)));
    const problem = other === undefined ? (meant === undefined ? null : named(meant.rule)) : same(other);
    return problem === null ? [] : [decideProblem({ kind: "ref", oid, ref }, problem)];
  });
}

const names = (rule: Rule, ref: RefName): boolean => rule.refs.some((glob) => glob.matches(ref));

const same = (other: RefName): Problem => ({
  code: "bad-input",
  message: `the file system of this server takes this name and ${other} for one`,
  hint: `push to ${other}, or to a name that differs by more than its case`,
});

const named = ({ name, refs }: Rule): Problem => ({
  code: "bad-input",
  message: `the file system of this server takes this name for one that rule ${JSON.stringify(name)} names in another case`,
  hint: `spell it as the rule does: ${refs.map(({ pattern }) => pattern).join(", ")}`,
});
