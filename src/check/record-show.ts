import { SignpolicyError } from "../errors.ts";
import { readRecord, recordPath } from "../io/record-file.ts";
import { findRepository } from "../io/repository.ts";
import { loadRecord } from "./record.ts";
import type { RecordEntry } from "./record-state.ts";
import { openSession } from "./session.ts";

export interface ShowRecordOptions {
  /** The server's repository. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ShownRecord {
  readonly path: string;
  readonly entries: readonly RecordEntry[];
}

/**
 * Every line of the receive record, oldest first.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN when it is damaged, or none was begun
 */
export async function showRecord(options: ShowRecordOptions): Promise<ShownRecord> {
  const session = await openSession(await findRepository(options.directory, options.environment));
  try {
    const { commonDir } = session.repository;
    await loadRecord(session);
    const text = await readRecord(commonDir);
    if (text === null) {
      const hint = `signpolicy install --server ${commonDir}`;
      throw new SignpolicyError("ERR_RECORD_BROKEN", "no receive record was begun here", { hint });
    }
    // loadRecord has checked every line; what follows the last line end was cut off while it was written.
    const lines = text.split("\n").slice(0, -1);
    return { path: recordPath(commonDir), entries: lines.map((line) => JSON.parse(line) as RecordEntry) };
  } finally {
    session.close();
  }
}
