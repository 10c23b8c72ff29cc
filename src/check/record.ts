import { SignpolicyError } from "../errors.ts";
import { readArchive, readRecord, readRecordEnd, recordEndPath, recordPath } from "../io/record-file.ts";
import type { ObjectId } from "../model.ts";
import { holdsLine, readSegment, stateOf, type Segment } from "./record-chain.ts";
import type { RecordHead } from "./record-entries.ts";
import { recallIndexed } from "./record-indexed.ts";
import { RecordState } from "./record-state.ts";
import type { Session } from "./session.ts";

/** The variable of the repository's own configuration that names its record. */
export const RECORD_VARIABLE = "signpolicy.record";

/** What stands beside the record of its last line. */
export interface RecordEnd extends RecordHead {
  readonly id: string;
  /** The newest file as it was left (`RecordFile.stamp`), all of it proven; absent where it is read at every push. */
  readonly stamp?: string | undefined;
}

/** A record as it lies on the disk. */
export interface OpenRecord {
  readonly state: RecordState;
  /** The file that is appended to; null where none was begun. */
  readonly segment: Segment | null;
}

/**
 * The record of this repository; one that has not begun where there is none. Where the configuration or the note of its
 * last line says that one was begun, it must be there, be that one, hold that line and belong to this repository.
 *
 * Reads the newest file alone, whose first line holds what the others come to, and proves its chain; the others are
 * proven by `verifyRecord`.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN
 */
export async function loadRecord(session: Session): Promise<RecordState> {
  return (await openRecord(session)).state;
}

/**
 * The same for a push, which reads of a long record what its index leaves out (`recallIndexed`). What is asked of it later may
 * throw the same.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN
 */
export function recallRecord(session: Session): Promise<RecordState> {
  const { commonDir } = session.repository;
  return orHint(commonDir, async () => {
    const end = await readEnd(commonDir);
    const known = end === null || !isBegun(session, end) ? null : recallIndexed(commonDir, end);
    if (known === null) return (await readSound(session, end)).state;
    session.atEnd(known.close);
    await checkRoots(session, known.state.roots);
    return known.state;
  });
}

/** @throws SignpolicyError ERR_RECORD_BROKEN, as `loadRecord` */
export const openRecord = (session: Session): Promise<OpenRecord> =>
  orHint(session.repository.commonDir, async () => readSound(session, await readEnd(session.repository.commonDir)));

async function orHint<T>(commonDir: string, reading: () => Promise<T>): Promise<T> {
  try {
    return await reading();
  } catch (cause) {
    if (!(cause instanceof SignpolicyError) || cause.code !== "ERR_RECORD_BROKEN") throw cause;
    throw new SignpolicyError("ERR_RECORD_BROKEN", cause.message, { hint: mendingHint(commonDir), cause });
  }
}

export const mendingHint = (gitDir: string): string =>
  `signpolicy record baseline -C ${gitDir}, once an administrator has looked why (signpolicy record verify -C ${gitDir})`;

export const begunRecord = (session: Session): string | null =>
  session.config.get(RECORD_VARIABLE, ["local", "worktree"]);

const isBegun = (session: Session, { id }: RecordEnd): boolean => [null, id].includes(begunRecord(session));

const ATTEMPTS = 4;

/** The end is read before the record, which others may lengthen meanwhile; a record that two pushes exchanged is read again. */
async function readSound(session: Session, noted: RecordEnd | null): Promise<OpenRecord> {
  const { commonDir } = session.repository;
  let end = noted;
  for (let attempt = 1; ; attempt += 1) {
    const bytes = await readRecord(commonDir);
    const id = begunRecord(session) ?? end?.id ?? null;
    if (bytes === null) {
      if (id === null) return { state: new RecordState(), segment: null };
      throw broken("the receive record of this repository is gone");
    }
    const segment = readSegment(bytes, recordPath(commonDir));
    const state = stateOf(segment);
    if (id !== null && state.id !== id) throw broken("the receive record is not the one that was begun here");
    const cut = await cutShort(commonDir, segment, end);
    if (cut !== null && attempt < ATTEMPTS) {
      end = await readEnd(commonDir);
      continue;
    }
    if (cut !== null) throw broken(cut);
    await checkRoots(session, state.roots);
    return { state, segment };
  }
}

/** Null where the line that was noted as the last is there. */
async function cutShort(gitDir: string, segment: Segment, end: RecordEnd | null): Promise<string | null> {
  if (end === null) return `${recordEndPath(gitDir)}, which names the last line of the receive record, is gone`;
  if (holdsLine(segment, end)) return null;
  // The note was not yet written when the machine stopped, and the record went on in a new file.
  const [first] = segment.entries;
  if (first?.kind === "segment") {
    const before = await readArchive(gitDir, first.number - 1);
    if (before !== null) {
      const older = readSegment(before, "the receive record's file before this one");
      if (holdsLine(older, end) && holdsLine(segment, older.head)) return null;
    }
  }
  if (wasChanged(segment, end)) return `${recordPath(gitDir)}, line ${end.seq + 1}: not the line that was written`;
  return `the receive record ends before line ${end.seq}, which was written: it was cut off, or put back from a backup`;
}

/** A line that was noted as written is another now: that is no lost end. */
export const wasChanged = (segment: Segment, end: RecordEnd): boolean =>
  segment.head.seq >= end.seq && !holdsLine(segment, end);

/** @throws SignpolicyError ERR_RECORD_BROKEN for a note that cannot be read */
export async function readEnd(gitDir: string): Promise<RecordEnd | null> {
  const bytes = await readRecordEnd(gitDir);
  if (bytes === null) return null;
  try {
    const end = JSON.parse(bytes.toString("utf8")) as Partial<RecordEnd> | null;
    const { id, seq, digest, stamp } = end ?? {};
    if (typeof id === "string" && typeof seq === "number" && typeof digest === "string") {
      return { id, seq, digest, stamp: typeof stamp === "string" ? stamp : undefined };
    }
  } catch {
    // As any other text that is not ours.
  }
  throw broken(`${recordEndPath(gitDir)}, which names the last line of the receive record, is damaged`);
}

export const renderEnd = ({ id, seq, digest, stamp }: RecordEnd): string =>
  `${JSON.stringify({ id, seq, digest, stamp })}\n`;

/** A record that came with another repository's files names roots that are not here. */
async function checkRoots(session: Session, roots: readonly ObjectId[]): Promise<void> {
  if (roots.length === 0 || roots.some((root) => session.roots.includes(root))) return;
  for (const root of roots) if ((await session.reader.object(root)).found !== "no") return;
  throw broken("the receive record is another repository's: none of the root commits that it names is here");
}

const broken = (message: string): SignpolicyError => new SignpolicyError("ERR_RECORD_BROKEN", message);
