import { randomUUID } from "node:crypto";
import { formatTime } from "../encoding/time.ts";
import type { Bytes, ObjectId, Seconds } from "../model.ts";
import { readPending, removePending, type PendingFile } from "../io/pending-file.ts";
import { withRecordLock, writeCertificate } from "../io/record-file.ts";
import { hookRepository } from "../io/repository.ts";
import { parsePending, type KeptCertificate, type PendingPush } from "./pending.ts";
import { algorithmOf, parseReceiveInput, type RefUpdate } from "./push-input.ts";
import { pusherOf } from "./pusher.ts";
import { openRecord } from "./record.ts";
import { rootsOf } from "./record-begin.ts";
import type { RecordEntry, RecordLanded, RecordMet, RecordPush } from "./record-entries.ts";
import type { RecordState } from "./record-state.ts";
import { writeEntries } from "./record-write.ts";
import { openSession, type Session } from "./session.ts";

export interface RecordReceiveOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
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
  const session = await openSession(hookRepository(options.cwd, options.environment, algorithmOf(updates)));
  try {
    const { commonDir } = session.repository;
    await withRecordLock(commonDir, async () => {
      const record = await openRecord(session);
      const pushes = matchVerdicts(await pendingPushes(commonDir, options.now), updates);
      const at = formatTime(options.now);
      const entries: RecordEntry[] = [
        ...(await opening(session, record.state, updates, at)),
        ...metEntries(record.state, pushes),
        ...pushes.flatMap((push) => pushEntries(push, options, at)),
      ];
      for (const { left } of pushes) await keepCertificate(commonDir, left?.pending.signed ?? null);
      await writeEntries(commonDir, record, entries);
      for (const { left } of pushes) if (left !== null) await removePending(left.file);
    });
  } finally {
    session.close();
  }
}

/** Its bytes are there before the record names them. */
async function keepCertificate(gitDir: string, signed: KeptCertificate | null): Promise<void> {
  if (signed !== null) await writeCertificate(gitDir, signed.certificate.sha256, Buffer.from(signed.bytes, "base64"));
}

/** The record's beginning where there is none, and the repository's roots once it has some. */
async function opening(
  session: Session,
  state: RecordState,
  updates: readonly RefUpdate[],
  at: string,
): Promise<readonly RecordEntry[]> {
  if (state.id !== null && state.roots.length > 0) return [];
  const landed = updates.flatMap(({ new: oid }): ObjectId[] => (oid === null ? [] : [oid]));
  const roots = await rootsOf(session, landed);
  if (state.id === null) return [{ kind: "begin", at, v: 2, id: randomUUID(), roots }];
  return roots.length === 0 ? [] : [{ kind: "bound", at, roots }];
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

/** What landed together, and the verdict on it; null for what was never judged. */
interface MatchedPush {
  readonly left: LeftPush | null;
  readonly updates: readonly RefUpdate[];
}

const isSame = (a: RefUpdate, b: RefUpdate): boolean => a.ref === b.ref && a.old === b.old && a.new === b.new;

function matchVerdicts(left: readonly LeftPush[], updates: readonly RefUpdate[]): readonly MatchedPush[] {
  const matched = new Map<LeftPush | null, RefUpdate[]>();
  for (const update of updates) {
    const push = left.find(({ pending }) => pending.updates.some((known) => isSame(known, update))) ?? null;
    matched.set(push, [...(matched.get(push) ?? []), update]);
  }
  return [...matched].map(([push, own]) => ({ left: push, updates: own }));
}

function metEntries(state: RecordState, pushes: readonly MatchedPush[]): readonly RecordMet[] {
  const alreadyMet = (entry: RecordMet): boolean => {
    const known = state.patternsOf({ name: entry.rule, paths: entry.paths === true });
    return known !== null && known.size === entry.refs.length && entry.refs.every((pattern) => known.has(pattern));
  };
  return pushes.flatMap(({ left }) => left?.pending.met ?? []).filter((entry) => !alreadyMet(entry));
}

function pushEntries(
  { left, updates }: MatchedPush,
  options: RecordReceiveOptions,
  at: string,
): readonly RecordEntry[] {
  const certificate = left?.pending.signed?.certificate ?? null;
  const by = pusherOf(options.environment, process.getuid?.() ?? null);
  const push: RecordPush = { kind: "push", at, by, policy: left?.pending.policy ?? null, certificate };
  return [push, ...updates.flatMap((update) => landedEntries(update, left?.pending ?? null, at))];
}

/** One entry for the ref, and one for the ref it names where it is a symbolic one. */
function landedEntries(update: RefUpdate, pending: PendingPush | null, at: string): readonly RecordLanded[] {
  const known = pending?.updates.find((candidate) => isSame(candidate, update));
  const entry: RecordLanded = {
    kind: "landed",
    at,
    ref: update.ref,
    old: update.old,
    new: update.new,
    rules: known?.rules ?? [],
    forward: known?.forward ?? false,
    warned: known?.warned ?? [],
    ...(known?.override == null ? {} : { override: known.override }),
  };
  const symbolic = known?.symbolic ?? null;
  return symbolic === null ? [entry] : [entry, { ...entry, ref: symbolic }];
}
