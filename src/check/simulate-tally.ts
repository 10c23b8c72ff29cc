import type { Decision, ObjectId, RefName, Seconds, Severity, SubjectKind, VerdictCode } from "../model.ts";
import { formatTime } from "../encoding/time.ts";
import type { Policy } from "../policy/policy.ts";

/** How often something was found, by code. */
export interface Count {
  readonly denied: number;
  readonly warned: number;
  readonly codes: Readonly<Partial<Record<VerdictCode, number>>>;
}

export interface SimulatedSubject {
  readonly kind: SubjectKind;
  readonly oid: ObjectId | null;
  readonly ref: RefName | null;
  /** When it was pushed; null for history, of which nobody here knows. */
  readonly at: string | null;
  readonly person: string | null;
  readonly title: string | null;
  readonly findings: readonly {
    readonly code: VerdictCode;
    readonly severity: Severity;
    readonly rule: string | null;
    readonly message: string;
  }[];
}

/** What a policy says of the past. */
export interface Simulated {
  readonly checked: number;
  readonly denied: number;
  readonly warned: number;
  /** Null: what no single rule asked. */
  readonly byRule: readonly (Count & { readonly rule: string | null })[];
  /** A principal, or whoever the object says made it. */
  readonly byPerson: readonly (Count & { readonly person: string | null; readonly principal: boolean })[];
  readonly subjects: readonly SimulatedSubject[];
}

interface Counting {
  denied: number;
  warned: number;
  readonly codes: Partial<Record<VerdictCode, number>>;
}

/** Counts each object and code once for a rule, on however many refs it was met. */
export class SimulationTally {
  readonly #policy: Policy;
  readonly #checked = new Set<string>();
  readonly #subjects = new Map<string, SimulatedSubject>();
  readonly #persons = new Map<string, { readonly person: string | null; readonly principal: boolean }>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  take(decision: Decision, at: Seconds | null): void {
    const { subject, findings } = decision;
    const id = idOf(decision, at);
    this.#checked.add(id);
    if (decision.exempt || findings.length === 0) return;
    const known = this.#subjects.get(id);
    const told = [...(known?.findings ?? [])];
    for (const { code, severity, rule, message } of findings) {
      if (told.every((one) => one.code !== code || one.rule !== rule)) told.push({ code, severity, rule, message });
    }
    const who = this.#personOf(decision);
    this.#persons.set(id, who);
    const time = at === null ? null : formatTime(at);
    const title = decision.shown?.title ?? null;
    this.#subjects.set(id, { ...subject, at: known?.at ?? time, person: who.person, title, findings: told });
  }

  result(): Simulated {
    const byRule = new Map<string | null, Counting>();
    const byPerson = new Map<string, Counting & { person: string | null; principal: boolean }>();
    const subjects = [...this.#subjects];
    for (const [id, { findings }] of subjects) {
      const who = this.#persons.get(id) ?? { person: null, principal: false };
      const key = JSON.stringify(who);
      const person = byPerson.get(key) ?? { ...who, ...nothing() };
      byPerson.set(key, person);
      add(person, findings);
      for (const rule of new Set(findings.map((finding) => finding.rule))) {
        const counting = byRule.get(rule) ?? nothing();
        byRule.set(rule, counting);
        add(
          counting,
          findings.filter((finding) => finding.rule === rule),
        );
      }
    }
    const denied = subjects.filter(([, { findings }]) => findings.some(({ severity }) => severity === "error")).length;
    return {
      checked: this.#checked.size,
      denied,
      warned: subjects.length - denied,
      byRule: [...byRule].map(([rule, counting]) => ({ rule, ...counting })).sort(byWeight),
      byPerson: [...byPerson.values()].sort(byWeight),
      subjects: subjects.map(([, subject]) => subject),
    };
  }

  /** Who signed it; else whose e-mail it bears, else what it says. */
  #personOf({ principal, shown }: Decision): { readonly person: string | null; readonly principal: boolean } {
    if (principal !== null) return { person: principal, principal: true };
    if (shown === null || shown.committer === "") return { person: null, principal: false };
    const email = /<([^<>]*)>$/.exec(shown.committer)?.[1] ?? "";
    const owner = [...this.#policy.principals.values()].find(({ emails }) => emails.includes(email));
    return owner === undefined ? { person: shown.committer, principal: false } : { person: owner.id, principal: true };
  }
}

/** The same update of a ref may have been pushed twice; an object is one wherever it is. */
const idOf = ({ subject: { kind, oid, ref } }: Decision, at: Seconds | null): string =>
  kind === "commit" || kind === "tag" ? `${kind} ${oid ?? ""}` : `${kind} ${ref ?? ""} ${oid ?? ""} ${at ?? ""}`;

const nothing = (): Counting => ({ denied: 0, warned: 0, codes: {} });

function add(counting: Counting, findings: SimulatedSubject["findings"]): void {
  if (findings.some(({ severity }) => severity === "error")) counting.denied += 1;
  else counting.warned += 1;
  for (const code of new Set(findings.map((finding) => finding.code))) {
    counting.codes[code] = (counting.codes[code] ?? 0) + 1;
  }
}

const byWeight = (a: Count, b: Count): number => b.denied - a.denied || b.warned - a.warned;
