import { RevisionError } from "../errors.ts";
import { shellWord } from "../encoding/text.ts";
import type { ObjectId, RefName } from "../model.ts";
import { readHead, readRefs } from "../io/refs.ts";
import { collectCommits, isAncestor, mergeBases } from "../io/revisions.ts";
import type { CiEvent } from "./ci-event.ts";
import { cannotTell } from "./ci-event.ts";
import { defaultBranch, defaultRemote } from "./governing.ts";
import type { Session } from "./session.ts";
import { resolveCommit } from "./revision.ts";

/** What is judged, as an update that would bring it in. */
export type CiRange =
  | {
      readonly kind: "arriving";
      readonly ref: RefName;
      /** Null for a branch that is new. */
      readonly old: ObjectId | null;
      /** Null for one that is deleted. */
      readonly head: ObjectId | null;
      /** What the ref held before, for its policy. */
      readonly judgedBy: ObjectId | null;
      /** Values of refs that count as judged. */
      readonly known: ReadonlyMap<RefName, ObjectId>;
      readonly testMerge: boolean;
      /** Commits that ask to be merged; what was pushed or queued stands there as it will stand. */
      readonly isRequest: boolean;
      readonly says: string;
    }
  /** `ref` is null where the target says whose rules judge. */
  | {
      readonly kind: "whole";
      readonly ref: RefName | null;
      readonly targets: readonly string[];
      readonly notes: readonly string[];
    };

/** @throws UsageError where nothing tells what lies before what is judged */
export async function rangeOf(session: Session, event: CiEvent): Promise<CiRange> {
  if (event.kind === "tag") return tagRange(session, event.ref);
  if (event.kind === "whole") return wholeOrNew(session, event.ref);
  if (event.kind === "push") return pushRange(session, event);
  if (event.kind === "queue") {
    const base = event.base ?? (await trackedValue(session, event.into));
    if (base === null) throw cannotTell(`nothing here says where ${event.into} stands`);
    return arriving(
      event.into,
      base,
      event.head,
      new Map([[event.into, base]]),
      true,
      `merge queue into ${event.into}`,
    );
  }
  const head = event.head === "HEAD" ? await resolveCommit(session, "HEAD") : event.head;
  const base = await baseOf(session, event.into, event.base, head);
  if (base === null)
    throw cannotTell(
      `nothing here says where ${event.into} stands (git fetch origin '+refs/heads/*:refs/remotes/origin/*')`,
    );
  // What is missing is told when it is judged.
  const isWhole = (await isHere(session, base)) && (await isHere(session, head));
  const [fork = null] = isWhole ? await mergeBases(session.repository, base, [head]) : [];
  return {
    ...arriving(event.into, fork, head, new Map([[event.into, base]]), event.testMerge, `request into ${event.into}`),
    judgedBy: base,
    isRequest: true,
  };
}

function arriving(
  ref: RefName,
  old: ObjectId | null,
  head: ObjectId | null,
  known: ReadonlyMap<RefName, ObjectId>,
  testMerge: boolean,
  what: string,
): Extract<CiRange, { kind: "arriving" }> {
  const says = `${what}, ${old === null ? "from nothing" : old} to ${head ?? "nothing"}`;
  return { kind: "arriving", ref, old, head, judgedBy: old, known, testMerge, isRequest: false, says };
}

async function pushRange(session: Session, event: Extract<CiEvent, { kind: "push" }>): Promise<CiRange> {
  const head = event.after === "HEAD" ? await resolveCommit(session, "HEAD") : event.after;
  const main = await defaultBranch(session);
  if (event.before === null && head !== null && (main === null || main.branch === event.ref))
    return wholeOf(event.ref, event.after === "HEAD" ? [] : [head]);
  const known = new Map<RefName, ObjectId>();
  const tracked = main === null || main.branch === event.ref ? null : await trackedValue(session, main.branch);
  if (main !== null && tracked !== null) known.set(main.branch, tracked);
  if (event.before !== null) known.set(event.ref, event.before);
  return arriving(event.ref, event.before, head, known, false, `push to ${event.ref}`);
}

const wholeOf = (ref: RefName | null, also: readonly ObjectId[] = []): CiRange => ({
  kind: "whole",
  ref,
  targets: ["HEAD", ...also],
  notes: [],
});

/** The tag, and what is checked out where the tag does not lead there: whoever made it may have meant another's name. */
async function tagRange(session: Session, ref: RefName): Promise<CiRange> {
  const oid = (await readRefs(session.repository, [ref])).get(ref)?.oid;
  const tagged = oid === undefined ? null : await session.outlines.peel(oid);
  const checkedOut = await resolveCommit(session, "HEAD").catch(ifNone);
  const isBeside =
    checkedOut !== null && (tagged === null || !(await isAncestor(session.repository, checkedOut, tagged)));
  return {
    kind: "whole",
    ref: null,
    targets: [ref, ...(isBeside ? ["HEAD"] : [])],
    notes: [
      ...(await bareTagNotes(session, ref)),
      ...(isBeside ? ["the checkout holds other commits than the tag leads to: they are judged, too"] : []),
    ],
  };
}

/** Nothing is checked out before the first commit; a git that fails says no such thing. */
function ifNone(error: unknown): null {
  if (error instanceof RevisionError) return null;
  throw error;
}

/** actions/checkout put the commit in place of an annotated tag until its version 6 (its issue 290). */
async function bareTagNotes(session: Session, ref: RefName): Promise<readonly string[]> {
  const oid = (await readRefs(session.repository, [ref])).get(ref)?.oid;
  if (oid === undefined || (await session.outlines.outline(oid)) === null) return [];
  return [
    `the tag is a bare commit here; where it should be signed, fetch it first: git fetch --force origin ${shellWord(`${ref}:${ref}`) ?? "TAG"}`,
  ];
}

/** No platform says what happened: a branch beside the default one is judged as a new one is. */
async function wholeOrNew(session: Session, named: RefName | null): Promise<CiRange> {
  const branch = named ?? (await readHead(session.repository));
  const main = await defaultBranch(session);
  if (named !== null || branch === null || main === null || branch === main.branch)
    return wholeOf(branch ?? main?.branch ?? null);
  return pushRange(session, { kind: "push", ref: branch, before: null, after: "HEAD" });
}

/**
 * Where the branch stands, from which the request's own commits are told. As last fetched, if it was; else by the platform's
 * word. A request that is merged already is judged from where the branch stood before.
 */
export async function baseOf(
  session: Session,
  into: RefName,
  said: ObjectId | null,
  head: ObjectId,
): Promise<ObjectId | null> {
  const tracked = await trackedValue(session, into);
  if (tracked === null || said === null) return tracked ?? said;
  if (!(await isHere(session, said)) || !(await isHere(session, head))) return tracked;
  const merged = await isAncestor(session.repository, head, tracked);
  return merged && (await isAncestor(session.repository, said, tracked)) ? said : tracked;
}

const isHere = async ({ outlines }: Session, oid: ObjectId): Promise<boolean> => (await outlines.outline(oid)) !== null;

async function trackedValue(session: Session, ref: RefName): Promise<ObjectId | null> {
  const remote = defaultRemote(session);
  if (remote === null || !ref.startsWith("refs/heads/")) return null;
  const tracking = `refs/remotes/${remote}/${ref.slice("refs/heads/".length)}` as RefName;
  return (await readRefs(session.repository, [tracking])).get(tracking)?.oid ?? null;
}

/**
 * What is checked out, where that is more than what the event names: then it is judged, too. One merge of the two sides, as
 * platforms make it to test what would come, is nothing that anybody pushed.
 */
export async function extraHead(
  session: Session,
  { head, known, testMerge }: Extract<CiRange, { kind: "arriving" }>,
): Promise<readonly ObjectId[]> {
  const checkedOut = await resolveCommit(session, "HEAD").catch(() => null);
  if (head === null || checkedOut === null || checkedOut === head || testMerge) return [];
  if ((await session.outlines.outline(head)) === null) return [];
  const extra = await collectCommits(session.repository, { include: [checkedOut], exclude: [head, ...known.values()] });
  if (extra.length === 0) return [];
  const parents = (await session.outlines.outline(checkedOut))?.parents ?? [];
  return extra.length === 1 && parents.length === 2 && parents[1] === head ? [] : [checkedOut];
}
