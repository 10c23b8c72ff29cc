import { ParseError } from "../errors.ts";
import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import { isObjectId } from "../encoding/identifiers.ts";
import type { Bytes, Evidence, ObjectId, Seconds } from "../model.ts";
import type { Problem } from "../policy/decide-problem.ts";
import type { Anchors } from "../signature/anchors.ts";
import { verifySigned } from "../signature/verify.ts";
import { hashObject } from "../subject/hash.ts";
import { parsePushCertificate, type PushCertificate } from "../subject/push-certificate.ts";
import { nonceProblem } from "./push-nonce.ts";
import type { RefUpdate } from "./push-input.ts";
import { pushOptions } from "./push-options.ts";
import type { RecordState } from "./record-state.ts";
import type { Session } from "./session.ts";

export interface ExaminedCertificate {
  /** Null where the environment names no object. */
  readonly oid: ObjectId | null;
  readonly bytes: Bytes | null;
  readonly certificate: PushCertificate | null;
  /** Of the signature alone. */
  readonly evidence: readonly Evidence[];
  /** What keeps it from speaking for this push, whoever signed it; none: it does. */
  readonly problems: readonly Problem[];
  /** SHA-256 of what was signed: the signature's own bytes can be written in more ways than one. */
  readonly signed: string | null;
}

export interface CertificateContext {
  readonly session: Session;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly anchors: Anchors;
  readonly record: RecordState;
  readonly now: Seconds;
}

/**
 * The certificate of a push, examined by ourselves; null for a push without one. Nothing that git says of its signature
 * is asked: GIT_PUSH_CERT_STATUS is `G` for unknown and revoked SSH keys, and all these variables come from the pusher
 * where there is no certificate.
 *
 * Without `problems` it answers a nonce of this repository, names exactly the refs of this push with their old and new
 * values, has not landed before, and holds the push's options. Whether its signature verified is in `evidence`.
 */
export async function examineCertificate(
  context: CertificateContext,
  updates: readonly RefUpdate[],
): Promise<ExaminedCertificate | null> {
  const named = context.environment["GIT_PUSH_CERT"] ?? "";
  if (named === "") return null;
  if (!isObjectId(named)) return unread(null, { code: "bad-input", message: "GIT_PUSH_CERT is no object id" });
  const { session, anchors, now } = context;
  const { algorithm } = session.repository;
  const object = await session.reader.object(named);
  if (object.found === "no") {
    return unread(named, { code: "missing-object", message: "the push certificate is not in the repository" });
  }
  if (object.found === "too-large") {
    return unread(named, { code: "resource-limit", message: `the push certificate holds ${object.size} bytes` });
  }
  if (object.kind !== "blob" || hashObject("blob", object.bytes, algorithm) !== named) {
    return unread(named, { code: "malformed", message: "GIT_PUSH_CERT names no push certificate" });
  }
  let certificate: PushCertificate;
  try {
    certificate = parsePushCertificate(object.bytes, algorithm);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return unread(named, { code: "malformed", message: error.message });
  }
  // An SSH signature holds no time of its own; the pusher's date stands in for one, as a committer's does.
  const evidence = await verifySigned(certificate, anchors, { now, claimed: certificate.at, receivedAt: null });
  const signed = toHex(digestBytes("sha256", certificate.payload));
  const problems = [
    nonceOf(context, certificate),
    context.record.hasLanded(signed) ? replayed : null,
    updatesProblem(certificate, updates),
    optionsProblem(certificate, context.environment),
  ].filter((problem) => problem !== null);
  return { oid: named, bytes: object.bytes, certificate, evidence, problems, signed };
}

const unread = (oid: ObjectId | null, problem: Problem): ExaminedCertificate => ({
  oid,
  bytes: null,
  certificate: null,
  evidence: [],
  problems: [problem],
  signed: null,
});

const replayed: Problem = {
  code: "bad-input",
  message: "this push certificate has landed before",
  hint: "git push --signed, again",
};

function nonceOf(context: CertificateContext, { nonce, pushee }: PushCertificate): Problem | null {
  const { repository, config } = context.session;
  const own = config.get("receive.certnonceseed", ["local", "worktree"]);
  const seed = own ?? config.get("receive.certnonceseed", ["system"]);
  const { environment, now } = context;
  const { gitDir, algorithm } = repository;
  return nonceProblem({ nonce, pushee, seed, shared: own === null, gitDir, algorithm, environment, now });
}

/** The same refs, each from the same value to the same value: what was signed is what happens, no more and no less. */
function updatesProblem({ updates }: PushCertificate, pushed: readonly RefUpdate[]): Problem | null {
  const certified = new Map(updates.map((update) => [update.ref, update]));
  const differs = pushed.some(({ ref, old, new: to }) => {
    const own = certified.get(ref);
    return own === undefined || own.old !== old || own.new !== to;
  });
  if (!differs && certified.size === pushed.length) return null;
  const message = "the push certificate is not for these refs with these values";
  return { code: "bad-input", message, hint: "git push --signed, again" };
}

function optionsProblem({ options }: PushCertificate, environment: CertificateContext["environment"]): Problem | null {
  const pushed = pushOptions(environment);
  if (pushed.length === options.length && pushed.every((option, at) => option === options[at])) return null;
  return {
    code: "bad-input",
    message: "the push certificate does not hold the options of this push",
    hint: "git push --signed, again",
  };
}
