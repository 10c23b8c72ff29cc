/** Who signed the newest commits, with which keys: what a first policy starts from. */
import { KeyError, SignpolicyError, UsageError } from "../errors.ts";
import type { GpgPlace } from "../io/gpg.ts";
import type { Commit, Seconds } from "../model.ts";
import { createAnchors } from "../signature/anchors.ts";
import { verifySigned } from "../signature/verify.ts";
import { collectCommits } from "../io/revisions.ts";
import { keyOfCommit } from "./commit-key.ts";
import { FORGE_SIGNERS } from "./forges.ts";
import type { OfferedKey } from "./key-list.ts";
import type { Session } from "./session.ts";

export interface RecentSigner {
  readonly key: OfferedKey;
  /** Committer e-mails of the commits that it signed. */
  readonly emails: readonly string[];
  readonly name: string;
  readonly commits: number;
}

export interface RecentSigners {
  readonly looked: number;
  readonly unsigned: number;
  readonly signers: readonly RecentSigner[];
  /** Forges whose shipped keys signed. */
  readonly forges: readonly string[];
  /** Signed, and by what: no certificate is at hand. */
  readonly unknown: readonly { readonly issuer: string; readonly email: string; readonly commits: number }[];
}

const LOOKED = 300;

/** Looks at the newest commits of HEAD. Each key has verified one of the signatures it is credited with. */
export async function recentSigners(session: Session, gpg: GpgPlace, now: Seconds): Promise<RecentSigners> {
  const head = await collectCommits(session.repository, { include: await headOf(session), exclude: [] }, [
    `--max-count=${LOOKED}`,
  ]);
  const none = createAnchors([], { rsaBits: 2048, hashes: ["sha256", "sha384", "sha512"] });
  const byIssuer = new Map<string, Commit[]>();
  let unsigned = 0;
  for (const oid of head) {
    const commit = await session.outlines.outline(oid);
    if (commit === null) continue;
    const [evidence] = await verifySigned(commit, none, { now, claimed: commit.committer.at, receivedAt: null });
    if (evidence.issuer === null) unsigned += 1;
    else byIssuer.set(evidence.issuer, [...(byIssuer.get(evidence.issuer) ?? []), commit]);
  }
  const signers = new Map<string, RecentSigner>();
  const forges = new Set<string>();
  const unknown: { issuer: string; email: string; commits: number }[] = [];
  for (const [issuer, commits] of byIssuer) {
    const forge = FORGE_SIGNERS.find(({ fingerprint }) => fingerprint.endsWith(issuer))?.forge;
    const newest = commits.at(-1);
    if (forge !== undefined) forges.add(forge);
    else if (newest !== undefined) {
      const key = await keyOf(newest, now, gpg);
      const emails = [...new Set(commits.map(({ committer }) => utf8(committer.email)))];
      if (key === null) unknown.push({ issuer, email: emails[0] ?? "", commits: commits.length });
      else {
        const known = signers.get(key.fingerprint);
        signers.set(key.fingerprint, {
          key,
          emails: [...new Set([...(known?.emails ?? []), ...emails])],
          name: utf8(newest.committer.name),
          commits: commits.length + (known?.commits ?? 0),
        });
      }
    }
  }
  return { looked: head.length, unsigned, signers: [...signers.values()], forges: [...forges], unknown };
}

async function keyOf(commit: Commit, now: Seconds, gpg: GpgPlace): Promise<OfferedKey | null> {
  try {
    return await keyOfCommit(commit, now, gpg);
  } catch (error) {
    if (error instanceof KeyError || error instanceof UsageError) return null;
    if (error instanceof SignpolicyError && ["ERR_KEY_INVALID", "ERR_IO"].includes(error.code)) return null;
    throw error;
  }
}

async function headOf(session: Session) {
  const { readRefs } = await import("../io/refs.ts");
  const { implicitRef } = await import("./targets.ts");
  const ref = await implicitRef(session);
  const value = ref === null ? undefined : (await readRefs(session.repository, [ref])).get(ref);
  return value === undefined ? [] : [value.oid];
}

const utf8 = (latin: string): string => Buffer.from(latin, "latin1").toString("utf8");
