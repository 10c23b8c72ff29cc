/** Signs of compromise in commits: who signed with what, and when, compared with what came before. */
import { formatTime } from "../encoding/time.ts";
import type { Commit, Evidence, ObjectId, Seconds } from "../model.ts";
import { SKEW } from "../policy/clock.ts";
import { ownerOf } from "../policy/emails.ts";
import type { Policy } from "../policy/policy.ts";
import type { Examiner } from "./examiner.ts";
import type { WatchFinding } from "./watch-findings.ts";

export interface CommitWatch {
  readonly policy: Policy;
  readonly examiner: Examiner;
  /** Ancestors first. */
  readonly commits: readonly ObjectId[];
  /** What is older, whatever it builds on, is not told, but compared with. */
  readonly since: Seconds;
  /** Commits that are not told, but compared with. */
  readonly known: ReadonlySet<ObjectId>;
  readonly silence: Seconds;
  /** Whose findings are asked for; null: everybody's. */
  readonly principal: string | null;
  /** Who works in this clone; null where nobody knows. */
  readonly me: string | null;
  /** Commits that were made in this clone; null where it keeps no reflog. */
  readonly own: ReadonlySet<ObjectId> | null;
}

const AT_ONCE = 256;

export async function watchCommits(watch: CommitWatch): Promise<readonly WatchFinding[]> {
  const observer = new Observer(watch);
  for (let at = 0; at < watch.commits.length; at += AT_ONCE) {
    const some = watch.commits.slice(at, at + AT_ONCE);
    for (const examined of await Promise.all(some.map((oid) => watch.examiner.commitOnce(oid)))) {
      if (!("problem" in examined)) observer.look(examined.subject, examined.evidence[0]);
    }
  }
  return observer.findings;
}

class Observer {
  readonly findings: WatchFinding[] = [];
  readonly #watch: CommitWatch;
  /** By key: the newest date that it claimed. */
  readonly #used = new Map<string, Seconds>();
  /** By e-mail: keys that signed for it. */
  readonly #keys = new Map<string, Set<string>>();
  /** The newest committer date of a commit and all before it: who backdates what he builds on the present is not old. */
  readonly #latest = new Map<ObjectId, Seconds>();
  readonly #dates = new Map<ObjectId, Seconds>();

  constructor(watch: CommitWatch) {
    this.#watch = watch;
  }

  look(commit: Commit, evidence: Evidence | undefined): void {
    const { since, known } = this.#watch;
    const before = Math.max(-Infinity, ...commit.parents.map((oid) => this.#latest.get(oid) ?? -Infinity));
    const latest = Math.max(commit.committer.at, before);
    this.#latest.set(commit.oid, latest);
    this.#dates.set(commit.oid, commit.committer.at);
    const key = evidence === undefined ? null : keyOf(evidence);
    if (evidence === undefined || key === null) return;
    const isTold = latest >= since && !known.has(commit.oid);
    if (isTold) this.#tell(commit, evidence, key);
    const at = evidence.signedAt ?? commit.committer.at;
    this.#used.set(key, Math.max(at, this.#used.get(key) ?? -Infinity));
    const keys = this.#keys.get(commit.committer.email) ?? new Set();
    this.#keys.set(commit.committer.email, keys.add(key));
  }

  #tell(commit: Commit, evidence: Evidence, key: string): void {
    const { policy, principal: asked, silence, me, own } = this.#watch;
    const { email } = commit.committer;
    const signer = evidence.outcome === "verified" ? evidence.signer.principal : null;
    const principal = signer ?? ownerOf(policy, email)?.id ?? null;
    if (asked !== null && principal !== asked) return;
    const about = { oid: commit.oid, key, ...(principal === null ? {} : { principal }) };
    const whose = signer === null ? "" : ` of ${signer}`;
    const at = evidence.signedAt ?? commit.committer.at;
    if (signer !== null && signer === me && own !== null && !own.has(commit.oid)) {
      this.findings.push({
        code: "foreign-commit",
        message: `signed by your key ${key} on ${formatTime(at)}, and not made in this clone: "${commit.title}"`,
        hint: `if you did not make it elsewhere: signpolicy keys blast ${key}`,
        ...about,
      });
    }
    const used = this.#used.get(key);
    const others = this.#keys.get(email);
    if (used === undefined && others !== undefined && others.size > 0) {
      this.findings.push({
        code: "identity-new-key",
        message: `${email} signs with ${key}${whose}, and signed with ${[...others].join(", ")} before`,
        hint: "ask its owner, by another way than mail to that address",
        ...about,
      });
    } else if (used === undefined) {
      this.findings.push({ code: "key-first-used", message: `${key}${whose} signs for the first time here`, ...about });
    } else if (at - used > silence) {
      const message = `${key}${whose} signs on ${formatTime(at)} after a silence since ${formatTime(used)}`;
      this.findings.push({ code: "key-after-silence", message, ...about });
    }
    const parent = Math.max(-Infinity, ...commit.parents.map((oid) => this.#dates.get(oid) ?? -Infinity));
    if (at < parent - SKEW) {
      const message = `signed on ${formatTime(at)} by ${key}${whose}, which is before its parent of ${formatTime(parent)}`;
      const hint = `signpolicy explain ${commit.oid}`;
      this.findings.push({ code: "dated-before-parent", message, hint, ...about });
    }
  }
}

/** The key that made it; of one that the policy does not hold, what the signature says. */
function keyOf(evidence: Evidence): string | null {
  if (evidence.outcome === "verified") return evidence.signer.key.fingerprint;
  return evidence.code === "bad-signature" ? null : evidence.issuer;
}
