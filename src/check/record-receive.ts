import { randomUUID } from "node:crypto";
import { formatTime } from "../encoding/time.ts";
import type { Bytes, ObjectId, Seconds } from "../model.ts";
import { readPending, removePending, type PendingFile } from "../io/pending-file.ts";
import { withRecordLock, writeCertificate } from "../io/record-file.ts";
import { forgetIndexFile } from "../io/record-index-file.ts";
import { hookRepository } from "../io/repository.ts";
import { parsePending, type KeptCertificate, type PendingPush, type PendingUpdate } from "./pending.ts";
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
      const record = await openRecord(session).catch((error: unknown) => {
        // The next push must find what was found here, and not what it was asked for before.
        forgetIndexFile(commonDir);
        throw error;
      });
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
  return (await readPending(gitDir, now)).flatMap((file) => {
    const pending = parsePending(file.text);
    return pending === null ? [] : [{ file, pending }];
  });
}

/** One update of those that landed together, and what was found out about it; null for what was never judged. */
interface LandedUpdate {
  readonly update: RefUpdate;
  readonly verdict: PendingUpdate | null;
}

/** What landed together, and the verdict on it; null for what was never judged. */
interface MatchedPush {
  readonly left: LeftPush | null;
  readonly landed: readonly LandedUpdate[];
}

/** No ref name holds a space (git-check-ref-format(1)). */
const keyOf = ({ ref, old, new: oid }: RefUpdate): string => `${old ?? ""} ${oid ?? ""} ${ref}`;

/** The newest verdict on each update; a push may bring thousands. */
function matchVerdicts(left: readonly LeftPush[], updates: readonly RefUpdate[]): readonly MatchedPush[] {
  const known = new Map<string, { readonly push: LeftPush; readonly verdict: PendingUpdate }>();
  for (const push of left) {
    for (const verdict of push.pending.updates) {
      const key = keyOf(verdict);
      if (!known.has(key)) known.set(key, { push, verdict });
    }
  }
  const matched = new Map<LeftPush | null, LandedUpdate[]>();
  for (const update of updates) {
    const { push = null, verdict = null } = known.get(keyOf(update)) ?? {};
    const landed = matched.get(push) ?? [];
    matched.set(push, landed);
    landed.push({ update, verdict });
  }
  return [...matched].map(([push, landed]) => ({ left: push, landed }));
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && others.every((member) => some.includes(member));

function metEntries(state: RecordState, pushes: readonly MatchedPush[]): readonly RecordMet[] {
  const alreadyMet = ({ rule, refs, paths, signers }: RecordMet): boolean => {
    const known = state.patternsOf({ name: rule, paths: paths === true });
    return known !== null && isSame([...known], refs) && isSame(state.signersOf(rule) ?? [], signers ?? []);
  };
  return pushes.flatMap(({ left }) => left?.pending.met ?? []).filter((entry) => !alreadyMet(entry));
}

function pushEntries({ left, landed }: MatchedPush, options: RecordReceiveOptions, at: string): readonly RecordEntry[] {
  const certificate = left?.pending.signed?.certificate ?? null;
  const by = pusherOf(options.environment, process.getuid?.() ?? null);
  const push: RecordPush = { kind: "push", at, by, policy: left?.pending.policy ?? null, certificate };
  return [push, ...landed.flatMap((one) => landedEntries(one, at))];
}

/** One entry for the ref, and one for the ref it names where it is a symbolic one. */
function landedEntries({ update, verdict: known }: LandedUpdate, at: string): readonly RecordLanded[] {
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
