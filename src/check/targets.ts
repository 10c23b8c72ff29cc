import { isObjectId, parseRefName, zeroId } from "../encoding/identifiers.ts";
import type { ObjectId, RefName } from "../model.ts";
import { readHead, readRefs, type RefValue } from "../io/refs.ts";
import { mergeBases } from "../io/revisions.ts";
import { defaultBranch } from "./governing.ts";
import type { Session } from "./session.ts";
import { resolveRevision } from "./revision.ts";
import { trackedName } from "./tracking.ts";

/** What a user asked to have judged: objects to start from, and commits below which nothing is looked at. */
export interface Target {
  readonly include: readonly ObjectId[];
  readonly exclude: readonly ObjectId[];
  /** The ref named, where the words named one. */
  readonly ref: RefName | null;
}

/**
 * Reads `RANGE|REF|OID` as git's users write them: `A..B`, `A...B`, `^A`, a name, an id.
 *
 * @throws UsageError for what names nothing
 */
export async function resolveTargets(session: Session, words: readonly string[]): Promise<readonly Target[]> {
  const targets = await Promise.all(words.map((word) => resolveTarget(session, word)));
  const exclude = targets.flatMap((target) => (target.include.length === 0 ? target.exclude : []));
  return targets
    .filter((target) => target.include.length > 0)
    .map((target) => ({ ...target, exclude: [...target.exclude, ...exclude] }));
}

async function resolveTarget(session: Session, word: string): Promise<Target> {
  const [, from, dots, to] = /^(.*?)(\.{2,3})(.*)$/s.exec(word) ?? [];
  if (dots !== undefined) {
    const left = await resolveRevision(session, from === "" ? "HEAD" : (from ?? ""));
    const right = await resolveRevision(session, to === "" ? "HEAD" : (to ?? ""));
    const ref = await namedRef(session, to ?? "");
    if (dots === "..") return { include: [right], exclude: [left], ref };
    return { include: [left, right], exclude: await mergeBases(session.repository, left, [right]), ref };
  }
  if (word.startsWith("^")) return { include: [], exclude: [await resolveRevision(session, word.slice(1))], ref: null };
  return { include: [await resolveRevision(session, word)], exclude: [], ref: await namedRef(session, word) };
}

/** A full ref name as given, or the tag of this short name: tags are judged by the rules of their own ref. */
async function namedRef(session: Session, word: string): Promise<RefName | null> {
  if (word.startsWith("refs/")) {
    const ref = parseRefName(word);
    return trackedName(session, ref) ?? ref;
  }
  if (isObjectId(word) || !/^[^\s~^:?*[\\]+$/.test(word) || word === "HEAD" || word === "@") return null;
  const tag = `refs/tags/${word}` as RefName;
  const branch = `refs/heads/${word}` as RefName;
  const values = await readRefs(session.repository, [tag, branch]);
  return values.has(tag) && !values.has(branch) ? tag : null;
}

/**
 * The ref whose rules judge where the words name none: the current branch, else the remote's default branch; where there is no
 * remote, the only one of main and master.
 */
export async function implicitRef(session: Session): Promise<RefName | null> {
  const known = (await readHead(session.repository)) ?? (await defaultBranch(session))?.branch;
  if (known !== undefined) return known;
  if (session.config.values.some(({ key }) => key.startsWith("remote."))) return null;
  const [only, second] = [...(await readRefs(session.repository, USUAL)).keys()];
  return only !== undefined && second === undefined ? only : null;
}

const USUAL = ["refs/heads/main" as RefName, "refs/heads/master" as RefName];

/** `--as REF`: a full ref name, or a branch. */
export function parseAs(name: string): RefName {
  return parseRefName(name.startsWith("refs/") ? name : `refs/heads/${name}`);
}

/** A ref that names nothing is judged as one that names what is not there. */
export async function brokenTargets(
  { repository, config }: Session,
  names: readonly string[],
  listed: ReadonlyMap<RefName, RefValue>,
): Promise<readonly Target[]> {
  if (names.length === 0) return [];
  const { brokenRefs } = await import("../io/broken-refs.ts");
  const broken = await brokenRefs(repository, config, names, new Set(listed.keys()));
  return broken.map((ref) => ({ include: [zeroId(repository.algorithm)], exclude: [], ref }));
}
