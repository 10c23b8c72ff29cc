import { SignpolicyError } from "../errors.ts";
import { recordPath } from "../io/record-file.ts";
import { findRepository } from "../io/repository.ts";
import { loadRecord } from "./record.ts";
import type { LinkedEntry } from "./record-entries.ts";
import { readRecordFiles } from "./record-files.ts";
import { openSession, type Session } from "./session.ts";

export interface RecordOptions {
  /** The server's repository. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Takes the lines of a record, oldest first. */
export interface RecordReader {
  begin(path: string): void;
  entry(entry: LinkedEntry): void;
}

/**
 * Every line of the receive record, oldest first; a file at a time is in memory.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN when it is damaged, or none was begun
 */
export async function showRecord(options: RecordOptions, reader: RecordReader): Promise<void> {
  const session = await openSession(await findRepository(options.directory, options.environment));
  try {
    const { commonDir } = session.repository;
    if ((await loadRecord(session)).id === null) throw notBegun(session);
    reader.begin(recordPath(commonDir));
    for await (const { segment } of readRecordFiles(commonDir)) {
      for (const entry of segment.entries) reader.entry(entry);
    }
  } finally {
    session.close();
  }
}

export function notBegun({ repository }: Session): SignpolicyError {
  const hint = `signpolicy install --server ${repository.commonDir}`;
  return new SignpolicyError("ERR_RECORD_BROKEN", "no receive record was begun here", { hint });
}
