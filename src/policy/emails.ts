import type { Policy, Principal } from "./policy.ts";

/**
 * How an e-mail of a git object stands to the e-mails of a principal, both latin-1 text of their bytes: byte for byte, but
 * for ASCII case in the domain. No Unicode folding anywhere, so that U+212A is no `k` and
 * look-alikes stay strangers. `by-case` is a mismatch, told apart for the message alone.
 */
export function matchEmail(principal: Principal, email: string): "same" | "by-case" | "other" {
  // As nearly every commit has it.
  if (principal.emails.includes(email)) return "same";
  if (ownedBy(principal).has(foldDomain(email))) return "same";
  const folded = foldAscii(email);
  return principal.emails.some((own) => foldAscii(own) === folded) ? "by-case" : "other";
}

/** A principal whose e-mail this is, by the same comparison. */
export function ownerOf(policy: Policy, email: string): Principal | null {
  return ownersIn(policy).get(foldDomain(email)) ?? null;
}

// Asked twice for every commit of a history, so each principal and policy is folded once.
const owned = new WeakMap<Principal, ReadonlySet<string>>();
const owners = new WeakMap<Policy, ReadonlyMap<string, Principal>>();

function ownedBy(principal: Principal): ReadonlySet<string> {
  let emails = owned.get(principal);
  if (emails === undefined) {
    emails = new Set(principal.emails.map(foldDomain));
    owned.set(principal, emails);
  }
  return emails;
}

function ownersIn(policy: Policy): ReadonlyMap<string, Principal> {
  let index = owners.get(policy);
  if (index === undefined) {
    index = new Map([...policy.principals.values()].flatMap((p) => [...ownedBy(p)].map((email) => [email, p])));
    owners.set(policy, index);
  }
  return index;
}

// toLowerCase() alone would fold U+212A (KELVIN SIGN) to k, and the bytes of other alphabets with it.
const foldAscii = (text: string): string =>
  text === text.toLowerCase() ? text : text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase());

function foldDomain(email: string): string {
  const at = email.lastIndexOf("@") + 1;
  return at === 0 ? email : email.slice(0, at) + foldAscii(email.slice(at));
}
