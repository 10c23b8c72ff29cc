import { randomUUID } from "node:crypto";
import { PolicyError, SignpolicyError } from "../errors.ts";
import { formatTime } from "../encoding/time.ts";
import type { Bytes, Seconds } from "../model.ts";
import { runGit } from "../io/git.ts";
import {
  appendRecord,
  readPending,
  readRecord,
  recordPath,
  removePending,
  replaceRecord,
  type PendingFile,
} from "../io/record-file.ts";
import { listRefs } from "../io/refs.ts";
import { findRepository, hookRepository } from "../io/repository.ts";
import { governServer } from "./governing.ts";
import { parsePending, type PendingPush } from "./pending.ts";
import { algorithmOf, parseReceiveInput, type RefUpdate } from "./push-input.ts";
import {
  parseRecord,
  RecordState,
  renderEntry,
  type RecordBegin,
  type RecordEntry,
  type RecordLanded,
  type RecordMet,
} from "./record-state.ts";
import { openSession, type Session } from "./session.ts";
import { meetRules } from "./tips.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** The variable of the repository's own configuration that names its record. */
const RECORD_VARIABLE = "signpolicy.record";

/**
 * The record of this repository; one that has not begun where there is none. Where the configuration says that one was
 * begun, it must be there and be that one.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN
 */
export async function loadRecord(session: Session): Promise<RecordState> {
  const { commonDir } = session.repository;
  const expected = begunRecord(session);
  const hint = `an administrator looks at what happened, then runs: signpolicy record baseline -C ${commonDir}`;
  const text = await readRecord(commonDir);
  if (text === null) {
    if (expected === null) return new RecordState();
    throw new SignpolicyError("ERR_RECORD_BROKEN", "the receive record of this repository is gone", { hint });
  }
  try {
    const record = parseRecord(text);
    if (expected === null || record.id === expected) return record;
    throw new SignpolicyError("ERR_RECORD_BROKEN", "the receive record is not the one that was begun here");
  } catch (cause) {
    if (!(cause instanceof SignpolicyError)) throw cause;
    throw new SignpolicyError("ERR_RECORD_BROKEN", cause.message, { hint, cause });
  }
}

const begunRecord = (session: Session): string | null => session.config.get(RECORD_VARIABLE, ["local", "worktree"]);

export interface BeginRecordOptions {
  /** The server's repository. */
  readonly directory: string;
  readonly environment: Variables;
  readonly now: Seconds;
  /** Begin anew even where a record is there, gone or broken: what stands on the refs now counts as judged. */
  readonly anew: boolean;
}

export interface BegunRecord {
  readonly path: string;
  readonly id: string;
  /** False where a sound record was there already and nothing was changed. */
  readonly begun: boolean;
  /** Rules whose baseline was written; none where no policy could be found yet. */
  readonly rules: readonly string[];
}

/**
 * Begins the receive record of a server's repository: what stands on the refs that each rule names is its baseline, and
 * the repository's configuration names the record from now on, so that its loss denies pushes.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN when a begun record is gone or damaged and `anew` does not say otherwise
 * @throws PolicyError for a policy that cannot be used
 */
export async function beginRecord(options: BeginRecordOptions): Promise<BegunRecord> {
  const repository = await findRepository(options.directory, options.environment);
  const session = await openSession(repository);
  const path = recordPath(repository.commonDir);
  try {
    const known = options.anew ? new RecordState() : await loadRecord(session);
    if (known.id !== null) {
      if (begunRecord(session) === null) await nameRecord(session, known.id);
      return { path, id: known.id, begun: false, rules: [] };
    }
    const at = formatTime(options.now);
    const begin: RecordBegin = { kind: "begin", v: 1, id: randomUUID(), at };
    const met = await firstBaseline(session, at);
    await replaceRecord(repository.commonDir, [begin, ...met].map(renderEntry).join(""));
    await nameRecord(session, begin.id);
    return { path, id: begin.id, begun: true, rules: met.map((entry) => entry.rule) };
  } finally {
    session.close();
  }
}

/** Without a policy yet there is no rule to meet: each takes its baseline when a push first meets it. */
async function firstBaseline(session: Session, at: string): Promise<readonly RecordMet[]> {
  try {
    const { loaded } = await governServer(session, {});
    return meetRules(loaded.policy, new RecordState(), await listRefs(session.repository), at);
  } catch (error) {
    if (error instanceof PolicyError && error.code === "ERR_POLICY_MISSING") return [];
    throw error;
  }
}

async function nameRecord(session: Session, id: string): Promise<void> {
  await runGit(session.repository, ["config", "--local", RECORD_VARIABLE, id]);
}

export interface RecordReceiveOptions {
  readonly cwd: string;
  readonly environment: Variables;
  /** All of standard input. */
  readonly input: Bytes;
  readonly now: Seconds;
}

/**
 * `post-receive`: writes down what landed, with what `pre-receive` found out about it. A ref for which no verdict is to
 * be found is recorded as judged by no rule, so that it vouches for no other ref.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN: a begun record that is gone is not silently begun again
 */
export async function recordReceive(options: RecordReceiveOptions): Promise<void> {
  const updates = parseReceiveInput(options.input);
  if (updates.length === 0) return;
  const session = await openSession(await hookRepository(options.cwd, options.environment, algorithmOf(updates)));
  try {
    const { commonDir } = session.repository;
    const record = await loadRecord(session);
    const at = formatTime(options.now);
    const verdicts = matchVerdicts(await pendingPushes(commonDir, options.now), updates);
    const used = [...new Set(verdicts.flatMap(({ push }) => (push === null ? [] : [push])))];
    const begin: RecordEntry[] = record.id === null ? [{ kind: "begin", v: 1, id: randomUUID(), at }] : [];
    const met = used.flatMap(({ pending }) => pending.met).filter((entry) => !alreadyMet(record, entry));
    const landed = verdicts.flatMap((verdict) => landedEntries(verdict, at));
    await appendRecord(commonDir, [...begin, ...met, ...landed].map(renderEntry).join(""));
    await Promise.all(used.map(({ file }) => removePending(file)));
  } finally {
    session.close();
  }
}

interface LeftPush {
  readonly file: PendingFile;
  readonly pending: PendingPush;
}

async function pendingPushes(gitDir: string, now: Seconds): Promise<readonly LeftPush[]> {
  return (await readPending(gitDir, now * 1000)).flatMap((file) => {
    const pending = parsePending(file.text);
    return pending === null ? [] : [{ file, pending }];
  });
}

interface Matched {
  readonly update: RefUpdate;
  readonly push: LeftPush | null;
}

const isSame = (a: RefUpdate, b: RefUpdate): boolean => a.ref === b.ref && a.old === b.old && a.new === b.new;

const matchVerdicts = (pushes: readonly LeftPush[], updates: readonly RefUpdate[]): readonly Matched[] =>
  updates.map((update) => ({
    update,
    push: pushes.find(({ pending }) => pending.updates.some((known) => isSame(known, update))) ?? null,
  }));

/** One entry for the ref, and one for the ref it names where it is a symbolic one. */
function landedEntries({ update, push }: Matched, at: string): readonly RecordLanded[] {
  const known = push?.pending.updates.find((candidate) => isSame(candidate, update));
  const entry: RecordLanded = {
    kind: "landed",
    at,
    ref: update.ref,
    old: update.old,
    new: update.new,
    policy: push?.pending.policy ?? "",
    rules: known?.rules ?? [],
    forward: known?.forward ?? false,
  };
  const symbolic = known?.symbolic ?? null;
  return symbolic === null ? [entry] : [entry, { ...entry, ref: symbolic }];
}

function alreadyMet(record: RecordState, entry: RecordMet): boolean {
  const known = record.patternsOf(entry.rule);
  return known !== null && known.size === entry.refs.length && entry.refs.every((pattern) => known.has(pattern));
}
