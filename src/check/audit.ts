/** What a report for people needs of the policy beside the decisions: how long its keys are good, and what it forgives. */
import type { AlgorithmPolicy, Seconds } from "../model.ts";
import type { AuditExemption, AuditFacts, AuditKey, KeyState } from "../report/audit/facts.ts";
import { DAY, endOf, problemAt } from "./key-standing.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

const SOON: Seconds = 30 * DAY;

export async function auditPolicy(
  { policy, keys }: LoadedPolicy,
  now: Seconds,
): Promise<Pick<AuditFacts, "keys" | "exemptions">> {
  const audited = keys.map((key) => auditKey(key, policy.principals.get(key.principal)?.role ?? "human", policy, now));
  return {
    keys: await Promise.all(audited),
    exemptions: policy.exempt.map(({ commit, reachableFrom, reason, until, codes }): AuditExemption => ({
      oid: commit ?? reachableFrom ?? "",
      ancestors: commit === null,
      reason,
      until,
      codes: [...codes],
    })),
  };
}

async function auditKey(
  key: LoadedKey,
  role: string,
  { algorithms }: { readonly algorithms: AlgorithmPolicy },
  now: Seconds,
): Promise<AuditKey> {
  const { anchor, principal } = key;
  const { from, until, retired, compromised } = anchor.window;
  const problem = await problemAt(key, algorithms, now);
  const end = problem === null ? await endOf(key, algorithms, now) : null;
  const own = await lifetimeOf(key, algorithms, now);
  const begins = [from, own.from].filter((time) => time !== undefined);
  const ends = [until, retired, compromised === true ? undefined : compromised, end ?? own.until].filter(
    (time) => time !== undefined,
  );
  return {
    principal,
    role,
    format: anchor.kind === "openpgp" ? "openpgp" : "ssh",
    algorithm: own.algorithm,
    fingerprint: own.fingerprint,
    from: begins.length === 0 ? null : Math.max(...begins),
    until: ends.length === 0 ? null : Math.min(...ends),
    state: stateOf(anchor.window, problem?.code ?? null, end, now),
    why: problem?.detail ?? "",
  };
}

function stateOf(
  { compromised, retired }: LoadedKey["anchor"]["window"],
  problem: string | null,
  end: Seconds | null,
  now: Seconds,
): KeyState {
  if (compromised !== undefined) return "compromised";
  if (retired !== undefined && retired <= now) return "retired";
  if (problem === "key-expired") return "ended";
  if (problem !== null) return "unusable";
  return end !== null && end < now + SOON ? "ending" : "good";
}

interface Lifetime {
  readonly algorithm: string;
  readonly fingerprint: string;
  readonly from: Seconds | undefined;
  readonly until: Seconds | undefined;
}

/** What the key says of itself: an OpenPGP certificate has dates, an SSH key has none. */
async function lifetimeOf({ anchor }: LoadedKey, algorithms: AlgorithmPolicy, now: Seconds): Promise<Lifetime> {
  if (anchor.kind !== "openpgp") {
    const { algorithm, fingerprint } = anchor.key;
    return {
      algorithm: anchor.kind === "sshCa" ? `CA ${algorithm}` : algorithm,
      fingerprint,
      from: undefined,
      until: undefined,
    };
  }
  const { currentState } = await import("../signature/openpgp/standing.ts");
  const { certificate } = anchor;
  const [primary] = certificate.keys;
  const states = await Promise.all(certificate.keys.map((key) => currentState(certificate, key, algorithms, now)));
  const expiries = states.flatMap(({ maySign, expires }) => (maySign ? [expires] : []));
  const last = Math.max(...expiries);
  return {
    algorithm: primary.algorithm,
    fingerprint: primary.fingerprint,
    from: primary.created,
    until: Number.isFinite(last) ? last : undefined,
  };
}
