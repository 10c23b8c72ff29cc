import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { writeRecordEnd } from "../io/record-file.ts";
import { forgetIndexFile, openRecordFile, writeIndexFile } from "../io/record-index-file.ts";
import { renderEnd, type RecordEnd } from "./record.ts";
import { openIndexed } from "./record-indexed.ts";
import { renderIndex } from "./record-index.ts";
import type { RecordState } from "./record-state.ts";

/** A record of fewer bytes is read about as soon as it is found in an index. */
export const INDEXED_BYTES = 48 * 1024;
/** When this much was written behind an index it is made anew: a push reads and proves that. */
const BEHIND_BYTES = 16 * 1024;
/** The kernel takes the time of a change from a clock that ticks every ten milliseconds at the longest (CONFIG_HZ). */
const TICK_MS = 20;

/**
 * Notes the last line of a record, of whose file every line up to `bytes` was proven and is on the disk; of a long one also that
 * it is as it was left, with an index for whoever finds it so. Where there can be none, the next push reads all of the record.
 */
export async function sealRecord(
  gitDir: string,
  end: RecordEnd,
  bytes: number,
  state: () => RecordState,
): Promise<void> {
  const stamp = bytes < INDEXED_BYTES ? null : await indexRecord(gitDir, end, bytes, state).catch(() => null);
  if (stamp === null) forgetIndexFile(gitDir);
  await writeRecordEnd(gitDir, renderEnd(stamp === null ? end : { ...end, stamp }));
}

/** The stamp of a file that has an index now; null where it is not as it was left any more. */
async function indexRecord(
  gitDir: string,
  end: RecordEnd,
  bytes: number,
  state: () => RecordState,
): Promise<string | null> {
  const left = stampOf(gitDir, bytes);
  const since = performance.now();
  if (left === null) return null;
  if (behindIndex(gitDir, end) > BEHIND_BYTES) {
    const { seq, digest } = end;
    const now = state();
    await writeIndexFile(
      gitDir,
      renderIndex({ place: { seq, digest, bytes }, state: now.head(), tables: now.tables() }),
    );
  }
  // A change in the same tick of the clock would not show; one after it does.
  const passed = performance.now() - since;
  if (passed < TICK_MS) await pause(TICK_MS - passed);
  return stampOf(gitDir, bytes) === left ? left : null;
}

function stampOf(gitDir: string, bytes: number): string | null {
  const file = openRecordFile(gitDir);
  file?.close();
  return file?.size === bytes ? file.stamp : null;
}

/** Bytes of the record that its index says nothing of: all, where it has none that a push would take. */
function behindIndex(gitDir: string, end: RecordEnd): number {
  const file = openRecordFile(gitDir);
  if (file === null) return Infinity;
  const known = openIndexed(gitDir, file, end);
  (known ?? file).close();
  return known === null ? Infinity : file.size - known.place.bytes;
}
