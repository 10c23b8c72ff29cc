import type { Decision, PolicyOrigin, ReportHead } from "../../model.ts";
import { Causes } from "../causes.ts";
import type { AuditFacts, AuditPoint, AuditRow, Standing } from "./facts.ts";

/** More rows than this make a page that opens slowly; what was allowed is left out first, the oldest before all. */
const MOST_ROWS = 50_000;

/** Examples of each reason. */
const EXAMPLES = 6;

type Collected = Pick<AuditFacts, "policy" | "notes" | "rows" | "omitted" | "points" | "causes">;

/** Takes the decisions of a report on their way and keeps what the page shows of them. */
export class AuditCollector {
  readonly #rows: AuditRow[] = [];
  readonly #points = new Map<string, AuditPoint>();
  readonly #causes = new Causes(EXAMPLES);
  #policy: PolicyOrigin | null = null;
  #notes: readonly string[] = [];

  begin({ policy, notes }: ReportHead): void {
    this.#policy = policy;
    this.#notes = notes;
  }

  decision(decision: Decision): void {
    const row = rowOf(decision);
    this.#rows.push(row);
    if (row.kind === "commit" && row.oid !== null) this.#points.set(row.oid, row);
    if (!decision.allow) this.#causes.add(decision);
  }

  /** Newest first, as people look for them. */
  collected(): Collected {
    let spare = Math.max(0, this.#rows.length - MOST_ROWS);
    const omitted = spare;
    const kept = spare === 0 ? this.#rows : this.#rows.filter(({ verdict }) => verdict !== "allowed" || spare-- <= 0);
    return {
      policy: this.#policy,
      notes: this.#notes,
      rows: kept.toReversed(),
      omitted: Math.min(omitted, this.#rows.length - kept.length),
      points: [...this.#points.values()],
      causes: this.#causes.list(),
    };
  }
}

export function rowOf({ subject, allow, exempt, principal, evidence, findings, shown }: Decision): AuditRow {
  const [signature] = evidence;
  const [finding] = findings;
  const format = signature === undefined || signature.outcome === "absent" ? null : signature.format;
  return {
    kind: subject.kind,
    oid: subject.oid,
    ref: subject.ref,
    at: shown?.at ?? signature?.signedAt ?? null,
    title: shown?.title ?? "",
    author: shown?.author ?? "",
    committer: shown?.committer ?? "",
    principal,
    format,
    standing: standingOf(signature?.outcome ?? "absent"),
    verdict: !allow ? "denied" : exempt ? "exempt" : "allowed",
    code: finding?.code ?? null,
    message: finding?.message ?? "",
  };
}

const standingOf = (outcome: Decision["evidence"][number]["outcome"]): Standing =>
  outcome === "verified" ? "signed" : outcome === "absent" ? "unsigned" : "unverified";
