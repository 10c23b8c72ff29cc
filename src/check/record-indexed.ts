import { SignpolicyError } from "../errors.ts";
import { recordPath } from "../io/record-file.ts";
import { openIndexFile, openRecordFile, type PartlyRead, type RecordFile } from "../io/record-index-file.ts";
import type { Table } from "./layered-map.ts";
import type { RecordEnd } from "./record.ts";
import { readBehind, readSegment, stateOf } from "./record-chain.ts";
import type { RecordHead } from "./record-entries.ts";
import { type IndexedPlace, PROGRAM, readIndex } from "./record-index.ts";
import { RecordState } from "./record-state.ts";

/** A record of which as much is read as is asked for. */
export interface IndexedRecord {
  readonly state: RecordState;
  /** The line that its index goes up to; those behind it were read. */
  readonly place: IndexedPlace;
  readonly close: () => void;
}

/** Bytes behind an index that are still read with it: what such lines name is looked for there one by one. */
const MOST_BEHIND = 256 * 1024;

/**
 * The record up to its noted end, of which no more is read than is asked for. Null where anything was written to it since the
 * note was, or where it has no index of this program that is whole and that it follows from: then the record is to be read,
 * and says itself what is wrong.
 *
 * Guarantees as much as reading it does: who noted its end had proven all of it, the kernel says that nothing was written to
 * the file since, and what is taken from the index is what was written there. Not found are bytes of the record that the disk
 * itself lost. Nothing is taken from those, and the next `post-receive`, which reads all of it, finds them.
 */
export function recallIndexed(gitDir: string, end: RecordEnd): IndexedRecord | null {
  if (end.stamp === undefined) return null;
  const file = openRecordFile(gitDir);
  if (file === null) return null;
  const known = file.stamp === end.stamp ? openIndexed(gitDir, file, end) : null;
  if (known === null) file.close();
  return known;
}

/** The same, whatever was noted of the file. */
export function openIndexed(gitDir: string, file: RecordFile, end: RecordEnd): IndexedRecord | null {
  const index = openIndexFile(gitDir, file);
  if (index === null) return null;
  const close = (): void => {
    index.close();
    file.close();
  };
  try {
    const known = readOver(recordPath(gitDir), file, index, end);
    if (known !== null) return { ...known, close };
  } catch (error) {
    if (!(error instanceof SignpolicyError) || error.code !== "ERR_RECORD_BROKEN") throw error;
  }
  index.close();
  return null;
}

function readOver(
  path: string,
  file: PartlyRead,
  indexed: PartlyRead,
  end: RecordEnd,
): Pick<IndexedRecord, "place" | "state"> | null {
  const index = readIndex(indexed, (place) => readTables(path, file, place));
  if (index?.program !== PROGRAM || index.state.id !== end.id) return null;
  const { place } = index;
  const length = file.size - place.bytes;
  if (length < 0 || length > MOST_BEHIND) return null;
  const { entries, head, whole } = readBehind(file.read(place.bytes, length), path, place);
  if (whole !== length || !isSame(head, end)) return null;
  const state = RecordState.over(index.state, index.tables);
  for (const entry of entries) state.apply(entry);
  return { state, place };
}

/** What an index was made of. */
function readTables(path: string, file: PartlyRead, place: IndexedPlace): readonly Table[] {
  const segment = readSegment(file.read(0, place.bytes), path);
  if (isSame(segment.head, place)) return stateOf(segment).tables();
  throw new SignpolicyError(
    "ERR_RECORD_BROKEN",
    `${path}, line ${segment.entries.length}: not the line that was written`,
  );
}

const isSame = (one: RecordHead, other: RecordHead): boolean => one.seq === other.seq && one.digest === other.digest;
