import { SignpolicyError } from "../errors.ts";
import { archivePath, readArchive, readRecord, recordPath } from "../io/record-file.ts";
import { readSegment, stateOf, type Segment } from "./record-chain.ts";
import type { RecordHead } from "./record-entries.ts";
import type { RecordState } from "./record-state.ts";

export interface RecordFile {
  readonly path: string;
  readonly segment: Segment;
  /** What the lines of all files come to, up to the last one of this. */
  readonly state: RecordState;
}

/**
 * Every file of a record, oldest first, one at a time in memory, each proven to follow the one before it: nothing was
 * changed, dropped, added or put elsewhere, and what a file's first line says of the earlier ones is what they come to.
 * Yields nothing where there is no record.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN at the first place where that is not so
 */
export async function* readRecordFiles(gitDir: string): AsyncGenerator<RecordFile> {
  const bytes = await readRecord(gitDir);
  if (bytes === null) return;
  const path = recordPath(gitDir);
  const newest = readSegment(bytes, path);
  const state = stateOf(newest);
  let before: Before | null = null;
  // A file under the newest one's own number is a copy that was made just before the machine stopped.
  for (let number = 1; number < state.file; number += 1) {
    const file = await readFull(gitDir, number);
    if (!follows(file.segment, before)) throw unlinked(file.path);
    yield file;
    before = { head: file.segment.head, state: file.state };
  }
  if (!follows(newest, before)) throw unlinked(path);
  yield { path, segment: newest, state };
}

async function readFull(gitDir: string, number: number): Promise<RecordFile> {
  const path = archivePath(gitDir, number);
  const bytes = await readArchive(gitDir, number);
  if (bytes === null) throw broken(`${path} is gone, and with it a part of the receive record`);
  const segment = readSegment(bytes, path);
  return { path, segment, state: stateOf(segment) };
}

interface Before {
  readonly head: RecordHead;
  readonly state: RecordState;
}

function follows({ entries }: Segment, before: Before | null): boolean {
  const [first] = entries;
  if (before === null || first?.kind !== "segment") return before === null && first?.kind === "begin";
  return (
    first.seq === before.head.seq + 1 &&
    first.prev === before.head.digest &&
    first.number === before.state.file + 1 &&
    first.id === before.state.id &&
    JSON.stringify(first.state) === JSON.stringify(before.state.save())
  );
}

const unlinked = (path: string): SignpolicyError =>
  broken(`${path} does not follow the receive record's file before it`);

const broken = (message: string): SignpolicyError => new SignpolicyError("ERR_RECORD_BROKEN", message);
