import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import { isObjectId } from "../encoding/identifiers.ts";
import { formatTime } from "../encoding/time.ts";
import type { ObjectId, Seconds } from "../model.ts";
import { readArrivals, writeArrivals } from "../io/record-file.ts";
import type { LinkedEntry } from "./record-entries.ts";
import { readRecordFiles } from "./record-files.ts";

/**
 * Values that stood on some ref before this moment, whoever had judged them, as a record of this id shows: all that it
 * holds above its first line of that time or later. Reads the whole record, once: what lies before a moment that is past
 * does not change, and is kept beside it.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN
 */
export async function arrivedBefore(gitDir: string, id: string, moment: Seconds): Promise<readonly ObjectId[]> {
  // Times of one form and one zone stand in the order of their letters.
  const limit = formatTime(moment);
  const name = `${id}-${limit.replace(/\W/g, "")}`;
  const known = await readKept(gitDir, name);
  if (known !== null) return known;
  const tips = new Set<ObjectId>();
  let files = 0;
  for await (const { segment } of readRecordFiles(gitDir)) {
    files += 1;
    for (const entry of segment.entries) {
      if (entry.at >= limit) {
        const arrived = [...tips];
        if (files > 1) await keep(gitDir, name, arrived);
        return arrived;
      }
      arrive(tips, entry);
    }
  }
  return [...tips];
}

/** Values that came to stand on refs by this entry, or were found there. */
export function arrivalsIn(entry: LinkedEntry): readonly ObjectId[] {
  if (entry.kind === "met") return Object.values(entry.tips) as ObjectId[];
  if (entry.kind === "baseline") return Object.values(entry.refs) as ObjectId[];
  return entry.kind === "landed" && entry.new !== null ? [entry.new] : [];
}

function arrive(tips: Set<ObjectId>, entry: LinkedEntry): void {
  // The new value reaches the old one, and all that it reached.
  if (entry.kind === "landed" && entry.forward && entry.old !== null) tips.delete(entry.old);
  for (const oid of arrivalsIn(entry)) tips.add(oid);
}

/** A list that was cut off or changed by an accident is none; it is made again from the record. */
async function readKept(gitDir: string, name: string): Promise<readonly ObjectId[] | null> {
  const text = await readArrivals(gitDir, name);
  if (text === null) return null;
  const [digest, ...oids] = text.split("\n");
  return digest === digestOf(oids) && oids.every(isObjectId) ? oids : null;
}

const keep = (gitDir: string, name: string, oids: readonly ObjectId[]): Promise<void> =>
  writeArrivals(gitDir, name, [digestOf(oids), ...oids].join("\n"));

const digestOf = (oids: readonly string[]): string => toHex(digestBytes("sha256", Buffer.from(oids.join("\n"))));
