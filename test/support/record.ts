/** Receive records made by hand. */
import { readSegment, stateOf, type Segment } from "../../src/check/record-chain.ts";
import { renderEntries, type RecordEntry } from "../../src/check/record-entries.ts";
import type { RecordState } from "../../src/check/record-state.ts";

/** The file that these entries make. */
export const fileOf = (...entries: RecordEntry[]): string => renderEntries(null, entries).text;

export const segmentFrom = (text: string): Segment => readSegment(Buffer.from(text), "record.jsonl");

export const stateFrom = (...entries: RecordEntry[]): RecordState => stateOf(segmentFrom(fileOf(...entries)));
