import { resolve } from "node:path";
import { SignpolicyError } from "../errors.ts";
import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import type { ObjectId, RefName } from "../model.ts";
import { readCertificate, readRecord, recordPath } from "../io/record-file.ts";
import { readBytes } from "../io/files.ts";
import { listRefs } from "../io/refs.ts";
import { findRepository } from "../io/repository.ts";
import { parseRecordWitness } from "../subject/record-witness.ts";
import { loadRecord, mendingHint } from "./record.ts";
import type { LinkedEntry, RecordHead } from "./record-entries.ts";
import { holdsLine } from "./record-chain.ts";
import { indexProblem } from "./record-index-verify.ts";
import { readRecordFiles } from "./record-files.ts";
import { notBegun, type RecordOptions } from "./record-show.ts";
import type { RecordState } from "./record-state.ts";
import { openSession, type Session } from "./session.ts";

export interface VerifyRecordOptions extends RecordOptions {
  /** A file that was exported earlier and kept elsewhere: the record's last line by then must still stand. */
  readonly against?: string | undefined;
}

/** A ref that does not stand where the record left it. */
export interface MovedRef {
  readonly ref: RefName;
  readonly left: ObjectId | null;
  readonly stands: ObjectId | null;
}

export interface RecordReport {
  readonly path: string;
  readonly id: string | null;
  readonly sound: boolean;
  readonly entries: number;
  readonly files: number;
  /** Times of the first and the last line. */
  readonly from: string | null;
  readonly to: string | null;
  /** The last line: who keeps it elsewhere can tell later that nothing before it was exchanged. */
  readonly head: RecordHead | null;
  /** A last line was being written when the machine stopped; what it would have said is judged again. */
  readonly cutOff: boolean;
  readonly problems: readonly string[];
  readonly hint: string | null;
  /** Refs that moved while the hook was off; they are judged from where the record left them. */
  readonly moved: readonly MovedRef[];
}

/**
 * Reads the whole record and proves what can be proven of it: every line follows the one before, every file the file
 * before, the last line is the one that was noted as the last, the repository is the one it was begun in, the push
 * certificates it names are there, and its index says what it says.
 *
 * Not proven: that somebody who can write to the repository's folder did not make all of it anew. Against that stands a
 * `head` that was kept elsewhere, as in a signed export.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN where no record was begun
 */
export async function verifyRecord(options: VerifyRecordOptions): Promise<RecordReport> {
  const session = await openSession(await findRepository(options.directory, options.environment));
  try {
    const { commonDir } = session.repository;
    const problems: string[] = [];
    const counted = new Count();
    const loaded = await orProblem(loadRecord(session), problems);
    if (loaded?.id === null) throw notBegun(session);
    if (options.against !== undefined) {
      const earlier = parseRecordWitness(await readBytes(resolve(options.directory, options.against)));
      counted.expected = { file: options.against, id: earlier.id, ...earlier.head };
    }
    await orProblem(counted.read(commonDir, problems), problems);
    if (problems.length === 0) problems.push(...[indexProblem(commonDir)].filter((problem) => problem !== null));
    return {
      path: recordPath(commonDir),
      id: loaded?.id ?? counted.state?.id ?? null,
      sound: problems.length === 0,
      entries: counted.entries,
      files: counted.files,
      from: counted.from,
      to: counted.to,
      head: counted.head,
      cutOff: await isCutOff(commonDir, counted.whole),
      problems,
      hint: problems.length === 0 ? null : mendingHint(commonDir),
      moved: counted.state === null ? [] : await movedRefs(session, counted.state),
    };
  } finally {
    session.close();
  }
}

/** What is broken is told once, in the words of whoever found it. */
async function orProblem<T>(work: Promise<T>, problems: string[]): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SignpolicyError) || error.code !== "ERR_RECORD_BROKEN") throw error;
    if (!problems.includes(error.message)) problems.push(error.message);
    return null;
  }
}

class Count {
  entries = 0;
  files = 0;
  from: string | null = null;
  to: string | null = null;
  head: RecordHead | null = null;
  whole = 0;
  state: RecordState | null = null;
  /** A line that was there. */
  expected: (RecordHead & { readonly file: string; readonly id: string }) | null = null;

  async read(gitDir: string, problems: string[]): Promise<void> {
    let isExpected = false;
    for await (const { segment, state } of readRecordFiles(gitDir)) {
      isExpected ||= this.expected !== null && holdsLine(segment, this.expected) && state.id === this.expected.id;
      this.files += 1;
      this.entries += segment.entries.length;
      this.from ??= segment.entries[0]?.at ?? null;
      this.to = segment.entries.at(-1)?.at ?? this.to;
      this.head = segment.head;
      this.whole = segment.whole;
      this.state = state;
      for (const entry of segment.entries) {
        const problem = await certificateProblem(gitDir, entry);
        if (problem !== null) problems.push(problem);
      }
    }
    if (this.expected !== null && !isExpected) {
      problems.push(
        `line ${this.expected.seq} is not the one that ${this.expected.file} names: it was written anew since`,
      );
    }
  }
}

async function certificateProblem(gitDir: string, entry: LinkedEntry): Promise<string | null> {
  if (entry.kind !== "push" || entry.certificate === null) return null;
  const { sha256 } = entry.certificate;
  const bytes = await readCertificate(gitDir, sha256);
  if (bytes === null) return `line ${entry.seq} names the push certificate ${sha256}, which is gone`;
  if (toHex(digestBytes("sha256", bytes)) === sha256) return null;
  return `line ${entry.seq} names the push certificate ${sha256}, whose bytes were changed`;
}

async function isCutOff(gitDir: string, whole: number): Promise<boolean> {
  return ((await readRecord(gitDir))?.length ?? 0) > whole;
}

async function movedRefs({ repository }: Session, state: RecordState): Promise<readonly MovedRef[]> {
  const present = await listRefs(repository);
  return state.refsKnown().flatMap((ref): MovedRef[] => {
    const left = state.left(ref) ?? null;
    const stands = present.get(ref)?.oid ?? null;
    return left === stands ? [] : [{ ref, left, stands }];
  });
}
