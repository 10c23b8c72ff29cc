import { SignpolicyError, UsageError } from "../errors.ts";
import type { Bytes, Evidence, ObjectId, RefName, Seconds } from "../model.ts";
import { findRepository } from "../io/repository.ts";
import { approvalsRef, mayApprove } from "../policy/approval-refs.ts";
import type { Policy } from "../policy/policy.ts";
import { type ApprovalContent, LONGEST_APPROVAL, parseApproval, renderStatement } from "../subject/approval.ts";
import { preAuthentication, renderEnvelope } from "../subject/dsse.ts";
import { approvalRange } from "./approval-range.ts";
import { storeApproval } from "./approval-storing.ts";
import { governClone, defaultRemote, type PolicyChoice } from "./governing.ts";
import { judgingContext, openSession } from "./session.ts";
import { classifySignerFailure } from "./signer-failure.ts";
import { signPayload } from "./signer.ts";
import { readSigningSetUp, type SigningSetUp } from "./signing-setup.ts";

export interface ApproveOptions extends PolicyChoice {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `BASE..TIP`. */
  readonly range: string;
  /** The ref that the commits are approved for; that of BASE, or the default branch, unless given. */
  readonly as?: string | undefined;
  /** Approve the one commit on BASE that holds the tree of TIP. */
  readonly squash: boolean;
  readonly withdraw: boolean;
  readonly now: Seconds;
}

export interface ApproveReport {
  readonly principal: string;
  readonly ref: RefName;
  readonly commits: readonly { readonly oid: ObjectId; readonly title: string }[];
  /** Null for a withdrawal. */
  readonly until: Seconds | null;
  /** The ref that holds it now. */
  readonly stored: RefName;
  /** Where people would look for it; null where no remote is known. */
  readonly remote: string | null;
}

/**
 * Signs, as git would sign a commit here, that the commits of a range are approved for a ref, or that they no longer are,
 * and adds that to the ref that holds the approvals of whoever signed; the policy says of the key who that is. The
 * statement is read and verified again before it is stored, so that nothing is stored that could not count.
 *
 * @throws UsageError, PolicyError, GitError; SignpolicyError ERR_IO when there is no signature that counts
 */
export async function approve(options: ApproveOptions): Promise<ApproveReport> {
  const { cwd, environment, now } = options;
  const repository = await findRepository(cwd, environment);
  const session = await openSession(repository);
  try {
    const governing = await governClone(session, options);
    const { examiner, policy } = judgingContext(session, governing, now);
    const { ref, root, commits, approved } = await approvalRange(session, options);
    const content: ApprovalContent = {
      deed: options.withdraw ? "withdraw" : "approve",
      root,
      ref,
      commits: approved,
      at: now,
      until: options.withdraw ? null : now + LONGEST_APPROVAL,
    };
    const body = renderStatement(content);
    const place = { top: repository.workTree ?? cwd, environment };
    const setUp = await readSigningSetUp(cwd, { ...place, gitDir: repository.gitDir }, environment);
    const signature = await sign(setUp, place, preAuthentication(body));
    const evidence = await examiner.evidenceOf(parseApproval(renderEnvelope(body, "", signature)), now);
    const { principal, key } = signerOf(evidence, policy);
    const stored = approvalsRef(principal);
    const remote = defaultRemote(session);
    const envelope = renderEnvelope(body, key, signature);
    await storeApproval(session, environment, { ref: stored, remote, envelope, content });
    return { principal, ref, commits, until: content.until, stored, remote };
  } finally {
    session.close();
  }
}

/** People type passphrases and touch keys meanwhile. */
const TIMEOUT_MS = 120_000;

async function sign(
  { context, key }: SigningSetUp,
  place: { readonly top: string; readonly environment: ApproveOptions["environment"] },
  payload: Bytes,
): Promise<Bytes> {
  if (key.kind === "none") throw new SignpolicyError("ERR_IO", `git cannot sign here: ${key.why}`, { hint: key.fix });
  const { bytes, run } = await signPayload({ context, key, ...place, timeoutMs: TIMEOUT_MS }, payload);
  if (bytes !== null) return bytes;
  const { why, fix } = classifySignerFailure(run);
  throw new SignpolicyError("ERR_IO", `signing failed: ${why}; nothing was approved`, { hint: fix });
}

function signerOf(evidence: Evidence, policy: Policy): { readonly principal: string; readonly key: string } {
  const hint = "sign with a key that the policy has for you: git config user.signingkey KEY";
  if (evidence.outcome !== "verified") {
    throw new SignpolicyError("ERR_IO", `your signature would not count: ${evidence.detail} (${evidence.code})`, {
      hint,
    });
  }
  const { principal, key } = evidence.signer;
  if (evidence.lapsed !== null) {
    const { code, detail } = evidence.lapsed;
    throw new SignpolicyError("ERR_IO", `your signature would not count: ${detail} (${code})`, { hint });
  }
  if (!mayApprove(policy, principal)) {
    const role = policy.principals.get(principal)?.role ?? "stranger";
    throw new UsageError(`the key is that of ${principal}, whose role is ${role}: only people approve`, { hint });
  }
  return { principal, key: key.fingerprint };
}
