import { latin1 } from "../encoding/bytes.ts";
import { isObjectId, parseRefName } from "../encoding/identifiers.ts";
import { formatTime, parseTime } from "../encoding/time.ts";
import { ParseError } from "../errors.ts";
import type { Approval, ApprovedCommit, Bytes, ObjectId } from "../model.ts";
import { membersOf, parseEnvelope, readJson, NOT_CANONICAL } from "./dsse.ts";

const STATEMENT = "https://in-toto.io/Statement/v1";
/** docs/approvals.md describes both. They name the format and are not looked up. */
const PREDICATES = {
  approve: "https://www.npmjs.com/package/signpolicy/approval/v1",
  withdraw: "https://www.npmjs.com/package/signpolicy/withdrawal/v1",
} as const;

/** Most commits in one statement. */
export const APPROVED_CAP = 4000;
const PARENTS_CAP = 64;
/** Ninety days: who approved once has not approved for ever. */
export const LONGEST_APPROVAL = 90 * 24 * 60 * 60;

export type ApprovalContent = Pick<Approval, "deed" | "root" | "ref" | "commits" | "at" | "until">;

/**
 * Reads an approval or its withdrawal: an in-toto statement (v1) in a DSSE envelope. Returned, it is in the one form that
 * `renderStatement` writes, and an approval lasts at most ninety days. Who signed it, whether the signature stands, and
 * whether it applies to anything are not known.
 *
 * @throws ParseError
 */
export function parseApproval(raw: Bytes): Approval {
  const { payload, signatures, body } = parseEnvelope(raw);
  const content = contentOf(readJson(body, "statement"));
  if (!renderStatement(content).equals(body)) throw new ParseError("statement", NOT_CANONICAL);
  const { at, until } = content;
  if (until !== null && (until <= at || until > at + LONGEST_APPROVAL)) {
    throw new ParseError("statement", "does not end within ninety days of its date");
  }
  return { payload, signatures, kind: "statement", ...content };
}

/** The statement as it is signed: one line of JSON, members in this order. The subjects are the trees, in the order of `commits`. */
export function renderStatement({ deed, root, ref, commits, at, until }: ApprovalContent): Buffer {
  const statement = {
    _type: STATEMENT,
    subject: commits.map(({ tree }) => ({ digest: { gitTree: tree } })),
    predicateType: PREDICATES[deed],
    predicate: {
      repository: { root },
      ref: Buffer.from(ref, "latin1").toString("utf8"),
      commits: commits.map(({ tree, parents }) => ({ tree, parents })),
      at: formatTime(at),
      ...(until === null ? {} : { until: formatTime(until) }),
    },
  };
  return Buffer.from(JSON.stringify(statement));
}

function contentOf(value: unknown): ApprovalContent {
  const { predicateType, predicate } = membersOf(value);
  const deed = (["approve", "withdraw"] as const).find((one) => PREDICATES[one] === predicateType);
  const { repository, ref, commits, at, until } = membersOf(predicate);
  const { root } = membersOf(repository);
  if (deed === undefined || !isOid(root) || typeof ref !== "string" || typeof at !== "string") {
    throw new ParseError("statement", "is no approval");
  }
  if ((deed === "approve") !== (typeof until === "string")) throw new ParseError("statement", "does not say its end");
  return {
    deed,
    root,
    ref: parseRefName(latin1(Buffer.from(ref))),
    commits: commitsOf(commits),
    at: parseTime(at),
    until: typeof until === "string" ? parseTime(until) : null,
  };
}

function commitsOf(value: unknown): readonly ApprovedCommit[] {
  const commits: readonly unknown[] = Array.isArray(value) ? value : [];
  if (commits.length === 0 || commits.length > APPROVED_CAP) {
    throw new ParseError("statement", `names no commit, or more than ${APPROVED_CAP}`);
  }
  return commits.map((commit) => {
    const { tree, parents } = membersOf(commit);
    const oids: readonly unknown[] = Array.isArray(parents) ? parents : [null];
    if (!isOid(tree) || oids.length > PARENTS_CAP || !oids.every(isOid)) {
      throw new ParseError("statement", "names a commit otherwise than by its tree and parents");
    }
    return { tree, parents: oids };
  });
}

const isOid = (value: unknown): value is ObjectId => typeof value === "string" && isObjectId(value);
