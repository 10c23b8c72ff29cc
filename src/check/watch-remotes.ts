/** What a clone remembers of its remotes, and whether they went back since. */
import { shellWord } from "../encoding/text.ts";
import type { ObjectId, RefName } from "../model.ts";
import { isAncestor } from "../io/revisions.ts";
import { readWatchMemory, writeWatchMemory, type RememberedRemote } from "../io/watch-memory.ts";
import { judgesCommits, rulesOn } from "../policy/applies.ts";
import type { Rule } from "../policy/policy.ts";
import { defaultBranch, defaultRemote } from "./governing.ts";
import { judgeRange, type JudgingContext } from "./range.ts";
import type { Session } from "./session.ts";
import { trackedRefs } from "./tracking.ts";
import type { WatchFinding } from "./watch-findings.ts";

const NOTHING: RememberedRemote = { refs: {}, serial: null };

export const remotesOf = ({ config }: Pick<Session, "config">): readonly string[] => [
  ...new Set(config.values.flatMap(({ key }) => /^remote\.(.+)\.fetch$/s.exec(key)?.[1] ?? [])),
];

/**
 * Compares what was last fetched of each remote with the last values that were verified here, and remembers what passes now.
 * Looked at are the branches under a rule that lets nobody rewind them, and the default branch: the others move as they
 * please. A remote that went back is told until somebody has it forgotten. Nothing is fetched.
 */
export async function watchRemotes(
  session: Session,
  context: JudgingContext,
  serial: number | null,
  forget: string | undefined,
): Promise<readonly WatchFinding[]> {
  const { commonDir } = session.repository;
  const read = await readWatchMemory(commonDir);
  const findings: WatchFinding[] = [];
  if (read === null) {
    findings.push({
      code: "memory-unreadable",
      message: "what this clone remembered of its remotes cannot be read; it begins anew",
      hint: "look who changed signpolicy/watched.json in the git directory",
    });
  }
  const memory = new Map(Object.entries(read ?? {}));
  if (forget !== undefined) memory.delete(forget);
  const main = defaultRemote(session);
  for (const remote of remotesOf(session)) {
    const known = memory.get(remote) ?? NOTHING;
    const refs = await watchRefs(session, context, remote, known, findings);
    let highest = known.serial;
    if (remote === main && serial !== null) {
      if (known.serial !== null && serial < known.serial) {
        findings.push({
          code: "policy-went-back",
          message: `${remote} shows the policy of serial ${serial}, and showed ${known.serial} before`,
          hint: "ask whoever keeps that server, by another way",
        });
      } else highest = serial;
    }
    memory.set(remote, { refs, serial: highest });
  }
  await writeWatchMemory(commonDir, Object.fromEntries(memory));
  return findings;
}

async function watchRefs(
  session: Session,
  context: JudgingContext,
  remote: string,
  known: RememberedRemote,
  findings: WatchFinding[],
): Promise<Readonly<Record<string, ObjectId>>> {
  const refs = new Map(Object.entries(known.refs));
  const tracked = await trackedRefs(session, remote);
  const usual = (await defaultBranch(session, remote))?.branch;
  for (const ref of new Set([...tracked.keys(), ...([...refs.keys()] as RefName[])])) {
    const rules = rulesOn(context.policy, ref, context.now).filter(({ commits }) => commits !== null);
    const guarded = ref === usual || rules.some(({ updates }) => updates.force === "deny");
    const judging = rules.some((rule) => judgesCommits(rule, context.now));
    const before = refs.get(ref);
    const tip = tracked.get(ref);
    const about = { ref, hint: `if that is meant: signpolicy watch --forget ${shellWord(remote) ?? "REMOTE"}` };
    if (tip === undefined) {
      if (before === undefined || !guarded) continue;
      const message = `${remote} no longer shows ${ref}, which stood at ${before}`;
      findings.push({ code: "remote-withholds", message, ...about });
      continue;
    }
    if (!guarded || !judging || tip === before) continue;
    const moved = before === undefined ? "on" : await wayFrom(session, before, tip);
    if (moved !== "on") {
      const code = moved === "back" ? "remote-withholds" : "remote-went-back";
      const how = moved === "back" ? "an older value" : "another history";
      const message = `${remote} shows ${how} of ${ref}: ${tip}, and showed ${String(before)} before`;
      findings.push({ code, message, oid: tip, ...about });
      continue;
    }
    const denied = await countDenied(context, ref, rules, tip, before);
    if (denied === 0) refs.set(ref, tip);
    else {
      const message = `${denied === 1 ? "1 commit" : `${denied} commits`} of ${ref} on ${remote} would be denied`;
      const hint = `signpolicy verify --as ${shellWord(ref) ?? "REF"} ${before === undefined ? tip : `${before}..${tip}`}`;
      findings.push({ code: "remote-unverified", message, hint, ref, oid: tip });
    }
  }
  return Object.fromEntries(refs);
}

async function wayFrom(
  { repository, outlines }: Session,
  before: ObjectId,
  tip: ObjectId,
): Promise<"on" | "back" | "aside"> {
  if ((await outlines.outline(before)) === null) return "aside";
  if (await isAncestor(repository, before, tip)) return "on";
  return (await isAncestor(repository, tip, before)) ? "back" : "aside";
}

async function countDenied(
  context: JudgingContext,
  ref: RefName,
  rules: readonly Rule[],
  tip: ObjectId,
  before: ObjectId | undefined,
): Promise<number> {
  const groups = [{ rules, exclude: before === undefined ? [] : [before] }];
  let denied = 0;
  for await (const { decision } of judgeRange(context, { ref, include: [tip], groups, history: "everything" })) {
    if (!decision.allow) denied += 1;
  }
  return denied;
}
