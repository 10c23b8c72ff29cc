/**
 * Every sentence of a finding, so that they speak with one voice: lower case, no final period, ASCII but for what they
 * quote. Quoted names and e-mails stay the bytes of the repository; renderers escape them.
 */
import { latin1 } from "../encoding/bytes.ts";
import { formatTime } from "../encoding/time.ts";
import type { Evidence, EvidenceCode, Seconds, Signer, VerdictCode } from "../model.ts";
import type { Policy, Principal, Names, Selector } from "./policy.ts";
import { ownerOf } from "./emails.ts";
import type { SignWith } from "./fixes.ts";
import { SKEW, UNREAD } from "./clock.ts";
import { PUSH_OBJECTS } from "./ref-words.ts";

/** What words need to know of a commit, tag or push. */
export interface Named {
  readonly what: "commit" | "tag" | "push";
  /** The committer's or tagger's; a push certificate has none that counts. */
  readonly email: string | null;
  readonly signedOff: boolean;
  /** It may be older than the policy: history, and not the commit that somebody has just made. */
  readonly old: boolean;
  /** The command that signs it again. */
  readonly again: () => string;
  /** What else its writer could sign with; absent where nobody asked. */
  readonly signWith?: SignWith | undefined;
}

type Unverified = Exclude<Evidence, { outcome: "verified" }>;
interface Words {
  readonly message: string;
  readonly hint: string;
}

/** Why a signature that is not verified does not count. `permitted` are the principals that the rule asks for. */
export function unverifiedWords(evidence: Unverified, named: Named, policy: Policy, permitted: Names): Words {
  if (evidence.code === "unsigned") return withJoin(unsignedWords(named), named, policy);
  if (evidence.code === "unknown-key") return unknownKeyWords(evidence, named, policy, permitted);
  const detail = `${evidence.detail}${keyNote(evidence)}`;
  const message =
    evidence.code === "bad-signature" ? `the signature does not fit this ${named.what}: ${detail}` : detail;
  return { message, hint: mend(evidence.code, named) };
}

/** Whoever the policy does not know has nothing to sign with that would count. */
function withJoin({ message, hint }: Words, { what, email, old }: Named, policy: Policy): Words {
  const isNew = what === "commit" && email !== null && !old && ownerOf(policy, email) === null;
  return { message, hint: isNew ? `signpolicy join, if the policy is to know ${email}; then ${hint}` : hint };
}

export function unsignedWords(named: Named): Words {
  const { what, signedOff, old } = named;
  const message = signedOff
    ? `this ${what} is not signed: Signed-off-by (git commit -s) is a line of text, a signature is made with -S`
    : `this ${what} is not signed`;
  const codes = what === "tag" ? ", codes: [unsigned-tag]" : "";
  const exempt = old ? `; or, where it is older than the policy, exempt it there (trust.exempt${codes})` : "";
  return { message, hint: `${mend("unsigned", named)}${exempt}` };
}

/** Nothing was proved of it, for whatever reason: it counts as nothing. */
export const unprovedWords = (named: Named, unsigned: boolean): Words =>
  unsigned
    ? unsignedWords(named)
    : { message: `nothing could be proved of this ${named.what}'s signature`, hint: mend("malformed", named) };

export const multipleWords = (named: Named): Words => ({
  message: `this ${named.what} carries more than one signature; which one counts would be anyone's guess`,
  hint: mend("multiple-signatures", named),
});

function unknownKeyWords(
  evidence: Unverified,
  { what, email, again, signWith }: Named,
  policy: Policy,
  permitted: Names,
): Words {
  const owner = email === null ? null : ownerOf(policy, email);
  const key = evidence.issuer === null ? "a key that it does not name" : `key ${evidence.issuer}`;
  const whose = email === null ? "" : `; the ${writer(what)} is ${email}`;
  const others = new Set([...permitted].filter((id) => id !== owner?.id));
  const named = evidence.issuer === null ? "the key" : key;
  // Nobody is told to ask himself.
  const alone = owner !== null && permitted.has(owner.id) && humans(policy, others).size === 0;
  const add = alone
    ? `add ${named} to the policy, signing that change with a key that it has`
    : `${askHumans(policy, others)} to add ${named} to the policy`;
  const own = owner === null ? null : ownKeyWords(owner.id, signWith, again);
  const other = own === null ? "" : `${own}; or `;
  const certificate = evidence.issuer === null ? undefined : signWith?.newer.get(evidence.issuer);
  if (certificate !== undefined) {
    const renew = `have the policy's copy renewed, signing that change with a key that it has: signpolicy keys renew ${certificate}`;
    return {
      message: `signed by ${key}, a subkey that the policy's copy of ${certificate} does not have${whose}`,
      hint: `${other}${renew}; the change that renews it must land before this ${what}`,
    };
  }
  return {
    message: `signed by ${key}, which belongs to nobody in the policy${whose}`,
    hint: `${other}${add}; the change that adds it must land before this ${what}`,
  };
}

/** Whoever has a key that counts signs with that one; where there is none that is good today, nobody is sent to look for it. */
function ownKeyWords(owner: string, signWith: SignWith | undefined, again: () => string): string | null {
  if (signWith === undefined) return `sign with a key that the policy has for ${owner}: ${again()}`;
  const { fingerprints, command } = signWith;
  if (fingerprints.length === 0) return null;
  const named = `sign with ${owner}'s key ${listed(new Set(fingerprints))}`;
  return command === null
    ? `${named} (\`signpolicy doctor\` tells the setting): ${again()}`
    : `${named}: ${command} && ${again()}`;
}

type Mending = Pick<Named, "again" | "signWith">;

/** In place of a key that is out of use for good. Nobody is sent to a successor of which nobody knows that it is there. */
function successorWords(command: string, { signWith, again }: Mending): string {
  const own = signWith === undefined ? null : ownKeyWords(signWith.principal, signWith, again);
  return own ?? `sign with another key that the policy has, or have one added (signpolicy join --new-key): ${command}`;
}

/** The key was good when it signed, and is not today. `backdated`: it also claims to be older than an ancestor. */
export function lapsedWords(
  signer: Signer,
  lapsed: { readonly code: EvidenceCode; readonly detail: string },
  backdated: { readonly signedAt: Seconds | null; readonly ancestor: Seconds } | null,
  named: Named,
): Words {
  const since = backdated?.signedAt == null ? "" : ` (${formatTime(backdated.signedAt)})`;
  const why =
    backdated === null
      ? "and a new signature needs a key that is good today"
      : backdated.ancestor === UNREAD
        ? `and what it builds on has no date that can be read, so that the signature may claim any time${since}`
        : `and the signature claims to be older${since} than what it builds on (${formatTime(backdated.ancestor)})`;
  return { message: `${lapsed.detail}, ${why}: ${signerNote(signer)}`, hint: mend(lapsed.code, named) };
}

export function futureWords(what: string, at: Seconds, now: Seconds, again: () => string): Words {
  return {
    message: `${what} is ${formatTime(at)}, more than ${SKEW / 60} minutes ahead of our clock (${formatTime(now)})`,
    hint: `set the clock that dated it (for example by NTP), then ${again()}`,
  };
}

/** Where a rule asks for a signer. */
export interface Asked {
  readonly rule: string;
  readonly policy: Policy;
  readonly place: "line" | "side" | "tag" | "push";
  /** The command by which one of those asked for signs it, where there is one. */
  readonly again?: string | null;
  /** The commit is not made yet. */
  readonly unmade?: boolean;
  /** What it would be a part of, which keeps git on this branch. */
  readonly underWay?: string | null;
  /** On the line: what the rule takes of merges, where that is more. */
  readonly side?: Selector;
  /** On the line: the command by which one of those asked for brings it in by a merge instead. */
  readonly merge?: string | null;
}

/** `term`: that the signer is asked for at other times; `merged`: the rule takes it as what a merge brings in. */
export function signerWords(
  signer: Signer,
  asked: Names,
  { rule, policy, place, again = null, unmade = false, underWay = null, merge = null }: Asked,
  { term = "", merged = false } = {},
): Words {
  const where = place === "side" ? " for what merges bring in" : "";
  const name = ruleNote(rule);
  const who = listed(asked);
  const side = merged ? "" : '; for what merges bring in `side: ["*"]`';
  const fields = place === "side" ? 'its `side`, or `side: ["*"]`' : `\`signedBy\`${side}`;
  const field = place === "line" || place === "side" ? ` (under \`commits\` of ${name}: ${fields})` : "";
  const own = again === null ? `have it signed by ${who}` : `if you are ${who}, sign it yourself: ${again}`;
  const away = unmade ? elsewhere(underWay) : "push it to another branch";
  // Whoever may merge has most likely done so, and git moved the branch instead: it makes no merge where it need not.
  const merging = merge === null ? own : `if you are ${who}, bring it in by a merge: ${merge}`;
  return {
    message: `signed by ${signerNote(signer)}, but ${name} takes only ${who}${where}${term}`,
    hint: `${merged ? `${away}, and have ${who} merge that; or ${merging}` : own}; or ${askHumans(policy, asked)} to let ${signer.principal} sign here${field}`,
  };
}

const elsewhere = (underWay: string | null): string =>
  underWay === null
    ? "commit it on another branch (git switch -c NAME)"
    : `git ${underWay} --abort, do it on another branch (git switch -c NAME)`;

export function identityWords(
  signer: Signer,
  principal: Principal | undefined,
  who: "committer" | "author" | "tagger",
  email: string,
  byCase: boolean,
  command: string | null,
): Words {
  const own = principal?.emails.join(", ") ?? "";
  const difference = byCase ? "; only upper and lower case differ" : "";
  const shown = email === "" ? "has no e-mail" : `is ${email}`;
  return {
    message: `signed by ${signerNote(signer)} (${own === "" ? "no e-mail" : own}), but the ${who} ${shown}${difference}`,
    hint:
      command ?? `have the ${who}'s e-mail added to \`emails\` of ${signer.principal} in the policy, if it is theirs`,
  };
}

export function foreignAuthorWords(signer: Signer, email: string, owner: Principal, command: string): Words {
  return {
    message: `signed by ${signerNote(signer)}, but the author ${email} is ${owner.id}, who need not know of it`,
    hint: `unless ${owner.id} wrote it: ${command}`,
  };
}

/** UTF-8 of the policy's own text, one character a byte, as everything that a message quotes. */
export const bytesOf = (text: string): string =>
  /^[\x00-\x7f]*$/.test(text) ? text : latin1(new TextEncoder().encode(text));

export const ruleNote = (rule: string): string => `rule "${bytesOf(rule)}"`;

/** `alice with key SHA256:…` */
export const signerNote = ({ principal, key }: Signer): string => `${principal} with key ${key.fingerprint}`;

/** Humans of a selector as people to ask, a maintainer where it holds none. */
export function askHumans(policy: Policy, selector: Names): string {
  const people = humans(policy, selector);
  return people.size === 0 ? "ask a maintainer" : `ask a maintainer (${listed(people)})`;
}

export const humans = (policy: Policy, selector: Names): Names =>
  new Set([...selector].filter((id) => policy.principals.get(id)?.role === "human"));

/** `alice, bob or 3 more`. */
export function listed(names: Names): string {
  const all = [...names];
  if (all.length > 4) return `${all.slice(0, 3).join(", ")} or ${all.length - 3} more`;
  return all.length < 2 ? (all[0] ?? "nobody") : `${all.slice(0, -1).join(", ")} or ${all.at(-1) ?? ""}`;
}

const WRITERS = { commit: "committer", tag: "tagger", push: "pusher" } as const;

export const writer = (what: Named["what"]): (typeof WRITERS)[Named["what"]] => WRITERS[what];

function keyNote({ issuer, suspect }: Unverified): string {
  if (issuer === null) return suspect === null ? "" : ` (${suspect})`;
  return suspect === null ? ` (key ${issuer})` : ` (key ${issuer} of ${suspect})`;
}

/** What mends a signature; `again` is the command that signs anew, which alone is enough where there was none or no key to it. */
function mend(code: EvidenceCode, mending: Mending): string {
  const again = mending.again();
  return code === "unsigned" || code === "unknown-key" ? again : MEND[code](again, mending);
}

type Mend = (again: string, mending: Mending) => string;

const MEND: Readonly<Record<Exclude<EvidenceCode, "unsigned" | "unknown-key">, Mend>> = {
  "bad-signature": (again) =>
    `it was changed after it was signed, or carries another's signature; sign it anew: ${again}`,
  "key-expired": (again) =>
    `extend the key (OpenPGP: gpg --quick-set-expire FINGERPRINT 1y; else its \`until\`) and have the policy's copy renewed, or sign with another: ${again}`,
  "key-not-yet-valid": (again) => `have the key's \`from\` in the policy moved, or sign once it is reached: ${again}`,
  "key-revoked": successorWords,
  "key-retired": successorWords,
  "key-invalid": (again) => `have a sound copy of the key put in the policy, or sign with another: ${again}`,
  "not-signing-capable": (again) =>
    `sign with a key or subkey made for signing (git config user.signingkey KEY): ${again}`,
  "signature-expired": (again) => `sign without an expiry (no default-sig-expire in gpg.conf): ${again}`,
  "signature-in-future": (again) => `set the clock of the machine that signs (for example by NTP), then ${again}`,
  "weak-algorithm": (again) => `sign with a stronger key or hash (gpg: digest-algo SHA512): ${again}`,
  "wrong-namespace": (again) => `let git make the signature, its namespace is \`git\`: ${again}`,
  "wrong-signature-type": (again) => `let git make the signature, as a binary one: ${again}`,
  "multiple-signatures": (again) => `exactly one signature counts; replace them by one: ${again}`,
  malformed: (again) => `make the object anew with git: ${again}`,
  unsupported: (again) => `sign with OpenPGP or SSH (git config gpg.format openpgp or ssh): ${again}`,
  "cert-invalid": (again) => `have the CA issue a certificate that is valid for you, then ${again}`,
  "user-presence-missing": (again) => `use a key that asks for a touch (made without no-touch-required): ${again}`,
  "resource-limit": (again) => `make it smaller, then ${again}`,
};

/** What mends a subject that could not be judged at all, where the finder has nothing better to say. */
export function mendProblem(code: VerdictCode): string | null {
  return PROBLEM_MEND.get(code) ?? null;
}

const PROBLEM_MEND: ReadonlyMap<VerdictCode, string> = new Map([
  ["bad-input", "let git itself run the hook, and push again"],
  ["policy-missing", "set one: git config signpolicy.policy /ABSOLUTE/FILE, or have a policy on the default branch"],
  ["shallow-history", "git fetch --unshallow (in CI: fetch-depth: 0)"],
  ["resource-limit", "make it smaller, or ask whoever keeps the repository to take it in"],
  ["missing-object", PUSH_OBJECTS],
  ["malformed", "make the object anew with git; git fsck says what is wrong with it"],
  ["replaced-object", "have the repository checked: git fsck --full"],
]);
