import { appendRecord, rotateRecord, replaceRecord, setRecordAside } from "../io/record-file.ts";
import type { OpenRecord } from "./record.ts";
import { renderEntries, type RecordEntry, type RecordHead, type RecordSegment } from "./record-entries.ts";
import { stateOf } from "./record-chain.ts";
import { sealRecord } from "./record-seal.ts";

/** A file that holds more than this behind its first line, and more than that line, is full. */
export const FULL_BYTES = 64 * 1024;

/**
 * Appends entries to a record that was opened under its lock, in a new file where the present one is full. The lines
 * are on the disk before the note of the last one names it: whatever stops us in between, what stands there is whole or
 * can be told from a record that was cut off.
 */
export async function writeEntries(
  gitDir: string,
  record: OpenRecord,
  entries: readonly RecordEntry[],
  full = FULL_BYTES,
): Promise<void> {
  const { segment, state } = record;
  const at = entries[0]?.at;
  if (at === undefined) return;
  if (segment === null) {
    await setRecordAside(gitDir, asideName(at));
    await beginFile(gitDir, entries);
    return;
  }
  const { id } = state;
  if (id === null) throw new Error("a record without an id");
  let { whole, entries: before }: { whole: number; entries: readonly RecordEntry[] } = segment;
  let head: RecordHead = segment.head;
  if (whole - segment.opening > Math.max(full, segment.opening)) {
    const number = state.file + 1;
    const opening: RecordSegment = { kind: "segment", at, id, number, state: stateOf(segment).save() };
    const first = renderEntries(head, [opening]);
    await rotateRecord(gitDir, state.file, first.text);
    head = first.head ?? head;
    before = [opening];
    whole = Buffer.byteLength(first.text);
  }
  const lines = renderEntries(head, entries);
  await appendRecord(gitDir, whole, lines.text);
  const bytes = whole + Buffer.byteLength(lines.text);
  await sealRecord(gitDir, { id, ...(lines.head ?? head) }, bytes, () => stateOf({ entries: [...before, ...entries] }));
}

/** The folder for what is left of an earlier record. */
export const asideName = (at: string): string => `record-before-${at.replace(/[^0-9A-Z]/g, "")}`;

/** Begins a record; the first entry is its `begin`. */
export async function beginFile(gitDir: string, entries: readonly RecordEntry[]): Promise<void> {
  const [begin] = entries;
  const { text, head } = renderEntries(null, entries);
  if (begin?.kind !== "begin" || head === null) throw new Error("a record that does not begin");
  await replaceRecord(gitDir, text);
  await sealRecord(gitDir, { id: begin.id, ...head }, Buffer.byteLength(text), () => stateOf({ entries }));
}
