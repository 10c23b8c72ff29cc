/** Histories that carry a policy of ours and one of sequoia-git's that says the same, so that both can judge them. */
import { spawnSync } from "node:child_process";
import { policyText, POLICY, type History, type PgpPerson } from "./authenticated.ts";
import { DAEMON_PATH } from "./servers/processes.ts";

export const SQ_POLICY = "openpgp-policy.toml";

/** Somebody who signs commits, and with `rules` may change the policy. */
export interface Holder {
  readonly who: PgpPerson;
  readonly may: "sign" | "rule";
  /** Unless it is as it was made. */
  readonly certificate?: string;
}

export interface BothPolicies {
  /** Ours alone: sequoia-git knows one way to merge. */
  readonly merges?: "every" | "vouched";
  /** Commits that are forgiven. */
  readonly good?: readonly string[];
  /** Put into each policy as it is. */
  readonly more?: object;
  readonly sqMore?: string;
}

/** The files of a commit that brings both. */
export function bothPolicies(
  holders: readonly Holder[],
  { merges = "vouched", good = [], more = {}, sqMore = "" }: BothPolicies = {},
): Record<string, string> {
  const rulers = holders.flatMap(({ who, may }) => (may === "rule" ? [who.name] : []));
  const certificateOf = ({ who, certificate }: Holder): string => certificate ?? who.certificate();
  const principals = holders.map((holder) => {
    const { name, email } = holder.who;
    return [name, { emails: [email], keys: [{ openpgp: certificateOf(holder) }] }];
  });
  const codes = ["unsigned", "unknown-key", "key-revoked"];
  const ours = policyText({
    people: [],
    principals: Object.fromEntries(principals) as object,
    more: {
      administration: { rules: rulers, principals: rulers, keys: ["self", ...rulers], exempt: rulers, threshold: 1 },
      trust: { merges, exempt: good.map((commit) => ({ commit, codes, reason: "looked at" })) },
      ...more,
    },
  });
  return { [POLICY]: ours, [SQ_POLICY]: sqPolicy(holders, certificateOf, good, sqMore) };
}

function sqPolicy(
  holders: readonly Holder[],
  certificateOf: (holder: Holder) => string,
  good: readonly string[],
  more: string,
): string {
  const sections = holders.map((holder) => {
    const rule = String(holder.may === "rule");
    return [
      `[authorization.${holder.who.name}]`,
      "sign_commit = true",
      ...["sign_tag", "sign_archive", "add_user", "retire_user", "audit"].map((right) => `${right} = ${rule}`),
      `keyring = """\n${certificateOf(holder)}"""`,
    ].join("\n");
  });
  return [
    more.includes("version") ? more : `version = 0\n${more}`,
    `commit_goodlist = ${JSON.stringify(good)}`,
    ...sections,
    "",
  ].join("\n");
}

/** Whether `sq-git` authenticates a target; `range` may be `A..B`. */
export const sqLog = (history: History, root: string, range: string): boolean =>
  run(history, ["log", "--trust-root", root, range]);

export const sqTag = (history: History, root: string, tag: string): boolean =>
  run(history, ["verify-tag", "--trust-root", root, tag]);

function run(history: History, argv: readonly string[]): boolean {
  const { dir, root } = history.repo;
  // It wants a branch to be checked out, whichever.
  history.repo.updateRef("refs/heads/main", history.repo.git(["rev-parse", `${argv[2] ?? ""}^{commit}`]));
  const env = { PATH: DAEMON_PATH, HOME: root, GIT_CONFIG_NOSYSTEM: "1" };
  const { status, stderr } = spawnSync("sq-git", argv, { cwd: dir, env, encoding: "utf8", timeout: 20_000 });
  // 2 is a command line that it does not take: then nothing was judged.
  if (status !== 0 && status !== 1) throw new Error(`sq-git ${argv.join(" ")} ended with ${String(status)}: ${stderr}`);
  return status === 0;
}
