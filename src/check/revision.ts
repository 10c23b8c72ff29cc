import { RevisionError, UsageError } from "../errors.ts";
import { isObjectId, parseRefName } from "../encoding/identifiers.ts";
import { tryGit } from "../io/git.ts";
import { readFewRefs } from "../io/ref-watch.ts";
import { readRefs } from "../io/refs.ts";
import type { ObjectId, RefName } from "../model.ts";
import type { Session } from "./session.ts";

/** The configuration tells whether refs can be read from their files. */
type Place = Pick<Session, "repository"> & Partial<Pick<Session, "config">>;

/**
 * What a revision names, as gitrevisions(7) reads it, but for a name that several refs have: git takes the tag and warns,
 * and whoever may push a tag would choose what is judged or approved.
 *
 * @throws UsageError for what names nothing, or several things
 */
export async function resolveRevision(session: Place, word: string): Promise<ObjectId> {
  // A full id is taken as it stands: whether the object exists is part of the verdict.
  if (isObjectId(word)) return word;
  if (session.config !== undefined && isPlainRef(word)) {
    const value = (await readFewRefs(session.repository, session.config, [word])).get(word);
    if (value !== undefined) return value.oid;
  }
  await refuseAmbiguous(session, word);
  const { status, stdout } = await tryGit(session.repository, [
    "rev-parse",
    "--verify",
    "-q",
    "--end-of-options",
    word,
  ]);
  const oid = stdout.toString("latin1").trim();
  if (status !== 0 || !isObjectId(oid)) {
    throw new RevisionError(`${word.replace(/\^\{commit\}$/, "")} names no object here`, {
      hint: "name a commit, a tag, a branch or a range such as A..B",
    });
  }
  return oid;
}

/** A full name of plain characters, which cannot mean anything else to git (gitrevisions(7)). */
function isPlainRef(word: string): word is RefName {
  try {
    return /^refs\/[\w/.-]+$/.test(word) && parseRefName(word) === word;
  } catch {
    return false;
  }
}

/** The commit that a name, an id or a tag leads to. */
export const resolveCommit = (session: Place, word: string): Promise<ObjectId> =>
  resolveRevision(session, `${word}^{commit}`);

/** @throws UsageError when more than one ref answers to the name that a revision begins with */
export async function refuseAmbiguous(session: Place, word: string): Promise<void> {
  const name = /^[^~^:@\s]+(?:@(?!\{)[^~^:@\s]*)*/.exec(word)?.[0] ?? "";
  if (name === "" || name === "HEAD" || name.startsWith("refs/")) return;
  const candidates = ["tags/", "heads/", "remotes/", ""].map((kind) => `refs/${kind}${name}` as RefName);
  const present = await readRefs(session.repository, [...candidates, `refs/remotes/${name}/HEAD` as RefName]);
  const refs = [...present.keys()];
  if (refs.length > 1) throw ambiguous(name, refs.join(", "), refs);
  if (refs.length === 1 && (await beginsAnId(session, name)))
    throw ambiguous(name, `${refs.join()}, or an object`, refs);
}

const ambiguous = (name: string, meanings: string, refs: readonly string[]): UsageError =>
  new UsageError(`${name} may mean ${meanings}`, { hint: `say which: ${refs.join(" or ")}` });

async function beginsAnId({ repository }: Place, name: string): Promise<boolean> {
  if (!/^[0-9a-f]{4,}$/.test(name)) return false;
  const { stdout } = await tryGit(repository, ["rev-parse", `--disambiguate=${name}`]);
  return stdout.length > 0;
}
