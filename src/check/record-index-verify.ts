import { recordIndexPath, recordPath } from "../io/record-file.ts";
import { openIndexFile, openRecordFile, type PartlyRead } from "../io/record-index-file.ts";
import type { Table } from "./layered-map.ts";
import { readSegment, stateOf } from "./record-chain.ts";
import { readIndex } from "./record-index.ts";

/**
 * Null where the record's index, if a push would believe it at all, says what the record says at its place. One that does not was
 * written by somebody who could write the record as well, and left that as it was.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN for the record itself
 */
export function indexProblem(gitDir: string): string | null {
  const file = openRecordFile(gitDir);
  const indexed = file === null ? null : openIndexFile(gitDir, file);
  try {
    if (file === null || indexed === null || saysTheSame(recordPath(gitDir), file, indexed)) return null;
    return `${recordIndexPath(gitDir)} says something else than the record: look who wrote it, and delete it`;
  } finally {
    indexed?.close();
    file?.close();
  }
}

function saysTheSame(path: string, file: PartlyRead, indexed: PartlyRead): boolean {
  // Where a block is damaged the record is asked, as it is for a push.
  const index = readIndex(indexed, ({ bytes }) => stateOf(readSegment(file.read(0, bytes), path)).tables());
  if (index === null) return true;
  const segment = readSegment(file.read(0, index.place.bytes), path);
  // It is another record's, or of lines that are gone: no push believes it.
  if (segment.head.seq !== index.place.seq || segment.head.digest !== index.place.digest) return true;
  const state = stateOf(segment);
  const said = [JSON.stringify(index.state), ...index.tables.map(textOf)];
  const meant = [JSON.stringify(state.head()), ...state.tables().map(textOf)];
  return said.join("\n") === meant.join("\n");
}

const textOf = (table: Table): string =>
  [...table.rows()]
    .map((row) => JSON.stringify(row))
    .sort()
    .join("\n");
