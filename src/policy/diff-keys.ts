import { formatTime } from "../encoding/time.ts";
import type { KeyWindow, Seconds } from "../model.ts";
import { isLaterCopy } from "./certificate-copies.ts";
import type { ComparedKey, PolicyChange } from "./policy-diff.ts";

/**
 * What changed in the keys, matched by whose they are and by fingerprint, a CA by each name that it may certify, too; where
 * they stand in the file says nothing.
 */
export function diffKeys(before: readonly ComparedKey[], after: readonly ComparedKey[]): readonly PolicyChange[] {
  const [was, is] = [byPowers(before), byPowers(after)];
  const changes = [...new Set([...was.keys(), ...is.keys()])].flatMap((id) => {
    const [old, now] = [was.get(id), is.get(id)];
    if (now === undefined) {
      return old === undefined ? [] : [change(old.key, "tightens", `removes ${old.what}`, !isBound(old.key))];
    }
    if (old === undefined) return [change(now.key, "loosens", `adds ${now.what}`, now.key.proven)];
    return [
      ...diffContent(old.key, now.key),
      ...diffWindow(old.key, now.key),
      ...diffConfirmed(old.key, now.key),
      ...diffNamespaces(old.key, now.key),
    ];
  });
  return [...new Map(changes.map((one) => [JSON.stringify(one), one])).values()];
}

interface Power {
  readonly key: ComparedKey;
  readonly what: string;
}

/**
 * What each key can do, by a name of its own. A CA may stand at one principal in several entries, each for other names: the
 * entries that are there before must not hide another.
 *
 * @throws Error where two keys can do the same, which no policy holds that was checked
 */
function byPowers(keys: readonly ComparedKey[]): ReadonlyMap<string, Power> {
  const powers = new Map<string, Power>();
  for (const key of keys) {
    const { principal, fingerprint, entry } = key;
    const isCa = entry.format === "sshCa";
    for (const name of isCa ? new Set(entry.principals) : [""]) {
      const id = `${principal} ${entry.format} ${fingerprint} ${name}`;
      if (powers.has(id)) throw new Error(`one key stands twice in a policy: ${id}`);
      powers.set(id, { key, what: isCa ? `the CA for ${name}` : "the key" });
    }
  }
  return powers;
}

function change(
  { principal, fingerprint, entry }: ComparedKey,
  effect: PolicyChange["effect"],
  message: string,
  byOwner: boolean,
): PolicyChange {
  // A CA speaks for others: no certificate it issues is a key of one's own.
  const own = byOwner && entry.format !== "sshCa" ? principal : null;
  return { right: "keys", effect, path: `principals.${principal}.keys.${fingerprint}`, message, own };
}

/** What was said against it or of its end would go with the key, and it could come back without: not its owner's to do. */
const isBound = ({ entry: { window }, revocations, statements }: ComparedKey): boolean =>
  revocations.length > 0 || Object.keys(window).length > 0 || statements.some(({ ends }) => ends);

/** A certificate comes with its own proof: only the key itself can have signed what is new in it. */
function diffContent(old: ComparedKey, now: ComparedKey): readonly PolicyChange[] {
  if (old.content === now.content) return [];
  const dropped = old.revocations.some((revocation) => !now.revocations.includes(revocation));
  if (dropped) return [change(now, "loosens", "takes a revocation out of the certificate", false)];
  const later = isLaterCopy(old.statements, now.statements);
  return [change(now, "loosens", later ? "renews the certificate" : "goes back to an older certificate", later)];
}

function diffWindow(old: ComparedKey, now: ComparedKey): readonly PolicyChange[] {
  const [was, is] = [old.entry.window, now.entry.window];
  const marks = ["from", "until", "retired", "compromised"] as const;
  return marks.flatMap((mark) => {
    if (was[mark] === is[mark]) return [];
    const tighter = TIGHTER[mark](was, is) && !(mark === "retired" && now.revocations.length > 0);
    const before = was[mark] === undefined ? "" : `, was ${showMark(was[mark])}`;
    const message =
      is[mark] === undefined ? `loses \`${mark}\`${before}` : `\`${mark}\` is ${showMark(is[mark])}${before}`;
    const changed = change(now, tighter ? "tightens" : "loosens", message, tighter);
    return [mark === "compromised" && is[mark] !== undefined ? { ...changed, marks: now.fingerprint } : changed];
  });
}

/** Whoever vouches for a key vouches for another's: nobody does so for his own. */
function diffConfirmed(old: ComparedKey, now: ComparedKey): readonly PolicyChange[] {
  const [was, is] = [old.entry.confirmed, now.entry.confirmed];
  if (was === is) return [];
  if (is === null) return [change(now, "tightens", "is confirmed no more", false)];
  return [change(now, "loosens", `confirms the key (${formatTime(is)})`, false)];
}

const showMark = (mark: Seconds | true): string => (mark === true ? "true" : formatTime(mark));

type Tighter = (was: KeyWindow, is: KeyWindow) => boolean;
const TIGHTER: Readonly<Record<"from" | "until" | "retired" | "compromised", Tighter>> = {
  from: (was, is) => is.from !== undefined && is.from > (was.from ?? -Infinity),
  until: (was, is) => is.until !== undefined && is.until < (was.until ?? Infinity),
  retired: (was, is) => is.retired !== undefined && is.retired < (was.retired ?? Infinity),
  compromised: (was, is) => sinceWhen(is.compromised) < sinceWhen(was.compromised),
};

const sinceWhen = (mark: Seconds | true | undefined): number =>
  mark === true ? -Infinity : mark === undefined ? Infinity : mark;

function diffNamespaces(old: ComparedKey, now: ComparedKey): readonly PolicyChange[] {
  const [was, is] = [old.entry.namespaces, now.entry.namespaces];
  const added = is.filter((name) => !was.includes(name));
  const removed = was.filter((name) => !is.includes(name));
  return [
    ...(added.length > 0 ? [change(now, "loosens", `adds namespaces ${added.join(", ")}`, false)] : []),
    ...(removed.length > 0 ? [change(now, "tightens", `removes namespaces ${removed.join(", ")}`, true)] : []),
  ];
}
