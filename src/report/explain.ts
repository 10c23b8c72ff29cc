/** One object, explained on one screen: what was signed, by whom, which rules asked what, and what mends it. */
import { escapeJsonText } from "../encoding/text.ts";
import { formatTime } from "../encoding/time.ts";
import type { Decision, Finding, Identity, PolicyOrigin, RefName, Seconds } from "../model.ts";
import { toJson } from "./json.ts";
import { shortId, show, showText, wrap } from "./show.ts";

export interface ExplainedKey {
  readonly fingerprint: string;
  /** The certificate or CA it belongs to, where that is another. */
  readonly primary: string | null;
  readonly algorithm: string;
  readonly principal: string;
  readonly role: string;
  readonly emails: readonly string[];
  /** `keys/alice.asc, $.principals.alice.keys[0], line 9`. */
  readonly place: string;
  /** `from`, `until`, `retired`, `compromised`, the key's own expiry. */
  readonly window: readonly string[];
  /** Why it cannot sign today; null where it can. */
  readonly today: string | null;
}

export interface ExplainedRule {
  readonly name: string;
  /** Whether it names the ref, and asks anything of such an object there. */
  readonly asks: "commits" | "tags" | "nothing of this" | null;
  readonly signedBy: readonly string[];
  readonly findings: readonly Finding[];
}

export interface Explanation {
  readonly policy: PolicyOrigin;
  readonly notes: readonly string[];
  readonly kind: "commit" | "tag" | "other";
  readonly oid: string;
  readonly ref: RefName | null;
  readonly refWhy: string;
  readonly title: string;
  readonly people: readonly { readonly who: "author" | "committer" | "tagger"; readonly identity: Identity }[];
  /** The bytes that a signature covers. */
  readonly signed: { readonly bytes: number; readonly sha256: string; readonly what: string } | null;
  /** What the signature says of itself, unproven. */
  readonly signature: readonly string[];
  readonly key: ExplainedKey | null;
  /** Why there is no key: what the signature names, and what the policy lacks. */
  readonly noKey: string | null;
  readonly signedAt: Seconds | null;
  readonly now: Seconds;
  readonly clock: { readonly mode: "new" | "history"; readonly why: string };
  readonly rules: readonly ExplainedRule[];
  readonly verdict: Decision;
}

const WIDTH = 100;
const LABEL = 11;

/** `spoken`: a hint with its commands as they can be run here. */
export function renderExplanation(
  it: Explanation,
  paint: (text: string, bad: boolean) => string,
  spoken = (hint: string): string => hint,
): string {
  const { verdict, ref } = it;
  const [first] = verdict.findings;
  const word = verdict.exempt ? "ALLOWED (exempt)" : verdict.allow ? "ALLOWED" : "DENIED";
  const title = it.title === "" ? "" : ` "${show(it.title, 60)}"`;
  const where = ref === null ? "" : ` on ${show(ref)}`;
  const code = first === undefined ? "" : `, ${first.code}`;
  const fixes = [...new Set(verdict.findings.flatMap(({ hint }) => hint ?? []))];
  const { source, serial, digest } = it.policy;
  const lines = [
    `${it.kind === "other" ? "object" : it.kind} ${shortId(it.oid)}${title}${where}: ${paint(word, !verdict.allow)}${code}`,
    ...verdict.findings.flatMap(({ message, severity }) =>
      folded(severity === "error" ? "why" : "warning", show(message)),
    ),
    // A command is never folded: it is there to be copied.
    ...fixes.map((fix) => `  ${"fix".padEnd(LABEL)}${spoken(show(fix))}`),
    "",
    ...(it.signed === null
      ? []
      : folded("signed", `${it.signed.bytes} bytes: ${it.signed.what}, sha256 ${it.signed.sha256}`)),
    ...folded("signature", it.signature.map((text) => show(text)).join(", ")),
    ...(it.key === null ? folded("key", spoken(show(it.noKey ?? ""))) : keyLines(it.key)),
    ...it.people.flatMap(({ who, identity }) =>
      folded(who, `${show(identity.name)} <${show(identity.email)}>, ${formatTime(identity.at)}`),
    ),
    ...(it.signedAt === null ? [] : folded("signed at", formatTime(it.signedAt))),
    ...folded("clock", `${it.clock.mode}: ${it.clock.why}; our clock shows ${formatTime(it.now)}`),
    ...it.rules.flatMap((rule, index) => ruleLines(rule, index, it)),
    ...folded("ref", `${ref === null ? "none" : show(ref)}: ${show(it.refWhy)}`),
    ...folded("policy", `${show(source)}${serial === null ? "" : ` serial ${serial}`} ${digest.slice(0, 19)}`),
    ...it.notes.flatMap((note) => folded("note", show(note))),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function keyLines(key: ExplainedKey): readonly string[] {
  const of = key.primary === null ? "" : ` of ${key.primary}`;
  return [
    ...folded("key", `${key.algorithm} ${key.fingerprint}${of}`),
    ...folded("", `${key.principal} (${key.role}) in ${show(key.place)}`),
    ...folded("", `signs as ${key.emails.map((email) => show(email)).join(", ")}`),
    ...folded("window", key.window.length === 0 ? "no limits" : key.window.join(", ")),
    ...folded("", key.today === null ? "can sign today" : `cannot sign today: ${show(key.today)}`),
  ];
}

function ruleLines(
  { name, asks, signedBy, findings }: ExplainedRule,
  index: number,
  it: Explanation,
): readonly string[] {
  const label = `rule ${index + 1}`;
  const named = `"${showText(name, 60)}"`;
  if (asks === null) return folded(label, `${named} does not name ${it.ref === null ? "a ref" : show(it.ref)}`);
  if (asks === "nothing of this") return folded(label, `${named} names the ref and asks nothing of this object`);
  const who =
    signedBy.length > 6 ? `${signedBy.slice(0, 6).join(", ")} and ${signedBy.length - 6} more` : signedBy.join(", ");
  const asked = `${named} asks that ${asks} are signed by ${who}`;
  const denied = findings.filter(({ severity }) => severity === "error");
  const said = findings.map(({ code, severity }) => (severity === "error" ? code : `${code} (warning)`)).join(", ");
  const verdict = denied.length > 0 ? `denied: ${said}` : said === "" ? "satisfied" : `satisfied, with ${said}`;
  return folded(label, `${asked}: ${verdict}`);
}

function folded(label: string, text: string): readonly string[] {
  return wrap(text, WIDTH - LABEL - 2).map((line, i) => `  ${(i === 0 ? label : "").padEnd(LABEL)}${line}`);
}

/** The same as one JSON document; texts of the repository are decoded where they are UTF-8. */
export function explanationJson(it: Explanation): string {
  const { verdict, people, key, signedAt, now, ...rest } = it;
  const text = (value: string | null): string | null => (value === null ? null : escapeJsonText(value));
  return `${toJson(
    {
      schemaVersion: 1,
      ...rest,
      ref: text(rest.ref),
      title: text(rest.title),
      signature: rest.signature.map(text),
      people: people.map(({ who, identity }) => ({
        who,
        name: text(identity.name),
        email: text(identity.email),
        at: formatTime(identity.at),
      })),
      key: key === null ? null : { ...key, emails: key.emails.map(text) },
      signedAt: signedAt === null ? null : formatTime(signedAt),
      now: formatTime(now),
      rules: rest.rules.map(({ findings, ...rule }) => ({ ...rule, findings: findings.map(findingOf) })),
      allow: verdict.allow,
      exempt: verdict.exempt,
      principal: verdict.principal,
      evidence: verdict.evidence.map(({ outcome, ...piece }) => ({
        outcome,
        format: piece.format,
        code: "code" in piece ? piece.code : null,
      })),
      findings: verdict.findings.map(findingOf),
    },
    2,
  )}\n`;
}

const findingOf = ({ code, severity, rule, message, hint }: Finding) => ({
  code,
  severity,
  rule,
  message: escapeJsonText(message),
  hint: hint === undefined ? null : escapeJsonText(hint),
});
