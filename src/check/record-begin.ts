import { randomUUID } from "node:crypto";
import { PolicyError, SignpolicyError } from "../errors.ts";
import { formatTime } from "../encoding/time.ts";
import type { ObjectId, Seconds } from "../model.ts";
import { runGit } from "../io/git.ts";
import { readRecord, recordPath, setRecordAside, withRecordLock } from "../io/record-file.ts";
import { listRefs, type RefValues } from "../io/refs.ts";
import { findRepository } from "../io/repository.ts";
import { collectCommits } from "../io/revisions.ts";
import { governServer } from "./governing.ts";
import { readSegment, stateOf } from "./record-chain.ts";
import type { RecordBaseline, RecordBegin, RecordMet } from "./record-entries.ts";
import { RECORD_VARIABLE, begunRecord, openRecord, readEnd, wasChanged, type OpenRecord } from "./record.ts";
import { RecordState } from "./record-state.ts";
import { asideName, beginFile, writeEntries } from "./record-write.ts";
import { openSession, type Session } from "./session.ts";
import { meetRules } from "./tips.ts";

export interface BeginRecordOptions {
  /** The server's repository. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: Seconds;
  /**
   * `keep`: a broken record stays broken. `mend`: one that lost its end goes on from what stands now, any other broken one
   * is set aside and another begun. `anew`: another is begun whatever is there.
   */
  readonly how: "keep" | "mend" | "anew";
}

export interface BegunRecord {
  readonly path: string;
  readonly id: string;
  /** `sound`: nothing was changed. `resumed`: the old one goes on, from a new baseline. */
  readonly outcome: "sound" | "begun" | "resumed";
  /** Rules whose baseline was written; none where no policy could be found yet. */
  readonly rules: readonly string[];
  /** Folder in which the files of the record before lie now. */
  readonly aside: string | null;
}

/**
 * Begins the receive record of a server's repository: what stands on the refs that each rule names is its baseline, and
 * the repository's configuration names the record from now on, so that its loss denies pushes.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN when a begun record is gone or damaged and `how` is `keep`
 * @throws PolicyError for a policy that cannot be used
 */
export async function beginRecord(options: BeginRecordOptions): Promise<BegunRecord> {
  const session = await openSession(await findRepository(options.directory, options.environment));
  const { commonDir } = session.repository;
  try {
    return await withRecordLock(commonDir, async () => {
      const path = recordPath(commonDir);
      const known = await present(session, options.how);
      if (known.record?.segment != null) {
        const { id } = known.record.state;
        if (begunRecord(session) === null && id !== null) await nameRecord(session, id);
        return { path, id: id ?? "", outcome: "sound", rules: [], aside: null };
      }
      const at = formatTime(options.now);
      const refs = await listRefs(session.repository);
      const met = await firstBaseline(session, refs, at);
      const rules = met.map((entry) => entry.rule);
      if (known.resumable !== null) return { ...(await resume(session, known.resumable, refs, met, at)), path, rules };
      const aside = await setRecordAside(commonDir, asideName(at));
      const roots = await rootsOf(session, valuesOf(refs));
      const begin: RecordBegin = { kind: "begin", at, v: 2, id: randomUUID(), roots };
      await beginFile(commonDir, [begin, ...met]);
      await nameRecord(session, begin.id);
      return { path, id: begin.id, outcome: "begun", rules, aside };
    });
  } finally {
    session.close();
  }
}

interface Present {
  /** A sound one. */
  readonly record: OpenRecord | null;
  /** One that is whole as far as it goes, and is this repository's. */
  readonly resumable: OpenRecord | null;
}

async function present(session: Session, how: BeginRecordOptions["how"]): Promise<Present> {
  if (how === "anew") return { record: null, resumable: null };
  try {
    return { record: await openRecord(session), resumable: null };
  } catch (error) {
    const isBroken = error instanceof SignpolicyError && error.code === "ERR_RECORD_BROKEN";
    if (!isBroken || how === "keep") throw error;
    return { record: null, resumable: await readCut(session) };
  }
}

/** A record of which only the end is lost; null where more is. */
async function readCut(session: Session): Promise<OpenRecord | null> {
  const { commonDir } = session.repository;
  try {
    const bytes = await readRecord(commonDir);
    if (bytes === null) return null;
    const segment = readSegment(bytes, recordPath(commonDir));
    const state = stateOf(segment);
    const named = begunRecord(session);
    if (named !== null && named !== state.id) return null;
    const end = await readEnd(commonDir).catch(() => null);
    if (end !== null && wasChanged(segment, end)) return null;
    const found = await Promise.all(state.roots.map((root) => session.reader.object(root)));
    if (found.length > 0 && found.every((object) => object.found === "no" && object.damaged !== true)) return null;
    return { segment, state };
  } catch (error) {
    if (error instanceof SignpolicyError) return null;
    throw error;
  }
}

async function resume(
  session: Session,
  record: OpenRecord,
  refs: RefValues,
  met: readonly RecordMet[],
  at: string,
): Promise<Pick<BegunRecord, "id" | "outcome" | "aside">> {
  const { commonDir } = session.repository;
  const end = await readEnd(commonDir).catch(() => null);
  const stand = Object.fromEntries([...refs].map(([ref, { oid }]) => [ref, oid]));
  const baseline: RecordBaseline = { kind: "baseline", at, lost: end?.seq ?? null, refs: stand };
  await writeEntries(commonDir, record, [baseline, ...met]);
  const id = record.state.id ?? "";
  if (begunRecord(session) === null) await nameRecord(session, id);
  return { id, outcome: "resumed", aside: null };
}

const valuesOf = (refs: RefValues): readonly ObjectId[] => [...refs.values()].map(({ oid }) => oid);

/** Without a policy yet there is no rule to meet: each takes its baseline when a push first meets it. */
async function firstBaseline(session: Session, refs: RefValues, at: string): Promise<readonly RecordMet[]> {
  try {
    const { loaded } = await governServer(session, {});
    return meetRules(loaded.policy, new RecordState(), refs, at);
  } catch (error) {
    if (error instanceof PolicyError && error.code === "ERR_POLICY_MISSING") return [];
    throw error;
  }
}

/** Commits without parents that these reach: they name the repository. */
export async function rootsOf(session: Session, tips: readonly ObjectId[]): Promise<readonly ObjectId[]> {
  const range = { include: [...new Set(tips)], exclude: [], gone: true } as const;
  return (await collectCommits(session.repository, range, ["--max-parents=0"])).sort();
}

async function nameRecord(session: Session, id: string): Promise<void> {
  await runGit(session.repository, ["config", "--local", RECORD_VARIABLE, id]);
}
