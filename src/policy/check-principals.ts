import type { Path, Problem } from "./document.ts";
import { duplicates } from "./duplicates.ts";
import { NAME, NAME_EXPECTED } from "./fields.ts";
import type { Mapping } from "./loose.ts";
import { entriesOf, isMapping, listOf, mappingOf, textsOf } from "./loose.ts";
import type { Term } from "./policy.ts";
import { membersOf, timeOf } from "./selectors.ts";
import { suggestion } from "./suggest.ts";

export function checkPrincipals(file: Mapping): readonly Problem[] {
  const principals = mappingOf(file["principals"]);
  const problems: Problem[] = [...checkNames(principals, ["principals"]), ...checkEmails(principals)];
  if (isMapping(file["principals"]) && Object.keys(principals).length === 0) {
    problems.push({ path: ["principals"], message: "is empty", expected: "at least one principal: nobody could sign" });
  }
  for (const [id, principal] of entriesOf(principals)) {
    const path = ["principals", id];
    problems.push(...checkOwner(id, principal, principals), ...duplicates(principal["emails"], [...path, "emails"]));
    listOf(principal["keys"]).forEach((key, index) => {
      if (isMapping(key)) problems.push(...checkKey(key, [...path, "keys", index]));
    });
  }
  return problems;
}

export function checkGroups(file: Mapping): readonly Problem[] {
  const groups = mappingOf(file["groups"]);
  const principals = mappingOf(file["principals"]);
  const problems = [...checkNames(groups, ["groups"])];
  for (const [name, members] of Object.entries(groups)) {
    const path = ["groups", name];
    if (Object.hasOwn(principals, name)) {
      problems.push({ path, message: `\`${name}\` is a principal, too`, expected: "a name that only this group has" });
    }
    problems.push(...checkTerms(members, path));
    for (const { index, id: member } of membersOf(members)) {
      if (!NAME.test(member) || Object.hasOwn(principals, member)) continue;
      const message = Object.hasOwn(groups, member)
        ? `\`${member}\` is a group, and groups do not nest`
        : `there is no principal \`${member}\`${suggestion(member, Object.keys(principals))}`;
      problems.push({ path: [...path, index], message, expected: "the name of a principal" });
    }
  }
  return problems;
}

/** Who is a member for several terms is one at each of them alone; two at once would hide what one of them says. */
function checkTerms(members: unknown, path: Path): readonly Problem[] {
  const seen: { readonly index: number; readonly id: string; readonly term: Term }[] = [];
  return membersOf(members).flatMap(({ index, id, term: given }): readonly Problem[] => {
    const at = [...path, index];
    const term = given ?? { from: null, until: null };
    const other = seen.find((one) => one.id === id && overlap(one.term, term));
    seen.push({ index, id, term });
    if (given !== null && given.from !== null && given.until !== null && given.from >= given.until) {
      const message = "`until` is not after `from`";
      return [{ path: [...at, "until"], message, expected: "a later time than `from`" }];
    }
    if (given?.from === null && given.until === null && hasNoTerm(listOf(members)[index])) {
      return [{ path: at, message: "says neither `from` nor `until`", expected: "one of them, or the name alone" }];
    }
    if (other === undefined) return [];
    const message =
      given === null && other.term.from === null && other.term.until === null
        ? `\`${id}\` stands here twice`
        : `\`${id}\` is a member at the same time by entry ${other.index}`;
    return [{ path: at, message, expected: "each once" }];
  });
}

const hasNoTerm = (entry: unknown): boolean => {
  const { from, until } = mappingOf(entry) as Readonly<Record<"from" | "until", unknown>>;
  return from === undefined && until === undefined;
};

const overlap = (a: Term, b: Term): boolean =>
  (a.from ?? -Infinity) < (b.until ?? Infinity) && (b.from ?? -Infinity) < (a.until ?? Infinity);

const checkNames = (named: Mapping, path: Path): readonly Problem[] =>
  Object.keys(named)
    .filter((name) => !NAME.test(name))
    .map((name) => ({ path: [...path, name], message: `\`${name}\` is no name`, expected: NAME_EXPECTED }));

/**
 * One address, one principal: a commit's e-mail must point at exactly one. Addresses that differ only in case or in how
 * Unicode spells a letter look the same to people, so they may not belong to two.
 */
function checkEmails(principals: Mapping): readonly Problem[] {
  const owners = new Map<string, { readonly id: string; readonly email: string }>();
  return entriesOf(principals).flatMap(([id, principal]) =>
    textsOf(principal["emails"]).flatMap(([index, email]) => {
      const folded = foldCase(email);
      const owner = owners.get(folded);
      if (owner === undefined) owners.set(folded, { id, email });
      if (owner === undefined || owner.id === id) return [];
      const message =
        owner.email === email
          ? `\`${email}\` belongs to \`${owner.id}\`, too`
          : `\`${email}\` differs from \`${owner.email}\` of \`${owner.id}\` only in case or spelling`;
      return [{ path: ["principals", id, "emails", index], message, expected: "an e-mail of one principal alone" }];
    }),
  );
}

/** ASCII needs no tables of Unicode, which take longer to load than all else here. */
const foldCase = (email: string): string =>
  (/^[\0-\x7f]*$/.test(email) ? email : email.normalize("NFKC")).toLowerCase();

function checkOwner(id: string, principal: Mapping, principals: Mapping): readonly Problem[] {
  const { role = "human", owner } = principal as Readonly<Record<"role" | "owner", unknown>>;
  const path = ["principals", id];
  const expected = "the name of a human or release principal";
  if (role !== "agent") {
    if (owner === undefined || typeof role !== "string") return [];
    return [
      { path: [...path, "owner"], message: `a ${role} has no owner`, expected: "`owner` only beside `role: agent`" },
    ];
  }
  if (owner === undefined) return [{ path, message: "an agent needs an `owner`", expected }];
  if (typeof owner !== "string" || !NAME.test(owner)) return [];
  const found = Object.hasOwn(principals, owner) ? mappingOf(principals[owner]) : undefined;
  const ownerRole = found?.["role"] ?? "human";
  if (found !== undefined && (ownerRole === "human" || ownerRole === "release")) return [];
  const message =
    found === undefined
      ? `there is no principal \`${owner}\`${suggestion(owner, Object.keys(principals))}`
      : `\`${owner}\` is no person, but ${JSON.stringify(ownerRole)}`;
  return [{ path: [...path, "owner"], message, expected }];
}

function checkKey(key: Mapping, path: Path): readonly Problem[] {
  const problems: Problem[] = [...duplicates(key["namespaces"], [...path, "namespaces"])];
  const formats = ["openpgp", "ssh", "sshCa"].filter((format) => key[format] !== undefined);
  const [format] = formats;
  if (formats.length !== 1) {
    const message = format === undefined ? "names no key" : `names ${formats.length} keys: ${formats.join(", ")}`;
    problems.push({ path, message, expected: "exactly one of `openpgp`, `ssh` and `sshCa`" });
  }
  if (key["namespaces"] !== undefined && format === "openpgp") {
    problems.push({
      path: [...path, "namespaces"],
      message: "OpenPGP signatures have no namespace",
      expected: "no `namespaces`",
    });
  }
  if (key["principals"] !== undefined && format !== undefined && format !== "sshCa") {
    problems.push({ path: [...path, "principals"], message: "is only for `sshCa`", expected: "no `principals`" });
  }
  for (const end of ["until", "retired"]) {
    const [from, to] = [timeOf(key["from"]), timeOf(key[end])];
    if (from !== null && to !== null && from >= to) {
      problems.push({
        path: [...path, end],
        message: `\`${end}\` is not after \`from\``,
        expected: "a later time than `from`",
      });
    }
  }
  return problems;
}
