/**
 * What a finding says of a commit that does not exist yet, and the one command that mends it before it is made. Nothing
 * here ever rewrites a commit.
 */
import type { CommitContext } from "../io/commit-context.ts";
import { SignpolicyError } from "../errors.ts";
import type { Evidence, Finding, Seconds, VerdictCode } from "../model.ts";
import { ownerOf } from "../policy/emails.ts";
import { shellWord } from "../policy/fixes.ts";
import { goodKeysOf, settingCommand, SIGN_ALWAYS } from "./good-keys.ts";
import type { GoodKeys } from "./good-keys.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { SigningKey } from "./signing-key.ts";
import { setByOption } from "./signing-key.ts";

export interface Readiness {
  readonly loaded: LoadedPolicy;
  readonly context: CommitContext;
  readonly key: SigningKey;
  readonly evidence: Evidence;
  readonly top: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: Seconds;
}

/** Another key than the one git is set up with mends them. */
const OF_THE_KEY: ReadonlySet<VerdictCode> = new Set([
  "unknown-key",
  "key-expired",
  "key-not-yet-valid",
  "key-revoked",
  "key-retired",
  "key-invalid",
  "not-signing-capable",
  "weak-algorithm",
  "cert-invalid",
] satisfies VerdictCode[]);

/** The same finding in words that fit a preflight. */
export async function readinessWords(finding: Finding, about: Readiness): Promise<Finding> {
  const { key, context } = about;
  if (key.kind === "none" && finding.code === key.code) {
    const allowed = finding.code === "unknown-key" ? `; the committer is ${context.committer.email}` : "";
    return { ...finding, message: key.why + allowed, hint: await unsetFix(key, about) };
  }
  if (OF_THE_KEY.has(finding.code)) return { ...finding, hint: `${await keyFix(finding.code, about)}${AGAIN}` };
  if (finding.code === "identity-mismatch" && finding.severity === "error") return withIdentityFix(finding, about);
  return finding;
}

/** No signature would come of what git is set up with. */
async function unsetFix(key: SigningKey & { kind: "none" }, about: Readiness): Promise<string> {
  const { context, top, environment } = about;
  if (key.code === "unsupported" || setByOption("commit.gpgsign", environment)) return key.fix;
  const { GitConfig } = await import("../io/config.ts");
  const { findSigningKey } = await import("./signing-key.ts");
  const { expectEvidence } = await import("./expected-evidence.ts");
  const on = { scope: "command", key: "commit.gpgsign", value: "true" } as const;
  const place = { top, environment };
  const signing = await findSigningKey(new GitConfig([...context.config.values, on]), context.committer, place);
  const would = await expectEvidence(signing, about.loaded.anchors, about.now);
  if (would.outcome === "verified" && would.lapsed === null) return settingCommand(SIGN_ALWAYS);
  const [good] = (await goodKeys(about))?.here ?? [];
  // Of nothing that is set up nothing can be switched on.
  return good?.command ?? `signpolicy join, which sets signing up and asks for your key to be added to the policy`;
}

async function goodKeys({
  loaded,
  context,
  key,
  evidence,
  top,
  environment,
  now,
}: Readiness): Promise<GoodKeys | null> {
  const known = evidence.outcome === "verified" ? evidence.signer.principal : evidence.suspect;
  const owner = ownerOf(loaded.policy, context.committer.email)?.id ?? known;
  if (owner === null) return null;
  const { findOwnKeys } = await import("./own-keys.ts");
  const here = await findOwnKeys({ context, key }, top, environment);
  return goodKeysOf(owner, loaded, here, context.config, now);
}

const AGAIN = "; then commit again";

/** What has git sign with a key that the policy takes from this person today, in place of the one it is set up with. */
export async function keyFix(code: VerdictCode, about: Readiness): Promise<string> {
  const { environment, key, context } = about;
  if (setByOption("user.signingkey", environment)) return "leave out `-c user.signingkey=...`";
  const good = await goodKeys(about);
  const choices = [
    ...(code === "key-expired" ? await extensions(about) : []),
    ...(good?.here ?? []).map(({ command }) => command),
  ];
  if (choices.length > 0) return choices.slice(0, 3).join("; or ");
  const join =
    code === "unknown-key" ? "signpolicy join, which asks for this key to be added" : "signpolicy join --new-key";
  const owner = ownerOf(about.loaded.policy, context.committer.email)?.id;
  if (good === null || owner === undefined || good.elsewhere.length === 0) return join;
  const what = key.kind === "none" ? "a key" : "another key";
  return `${join}; or sign where ${what} of ${owner} is that is good today (${good.elsewhere.slice(0, 3).join(", ")})`;
}

/** The end that was reached is moved: the certificate's own, or the policy's `until`. */
async function extensions({ loaded, evidence, now }: Readiness): Promise<readonly string[]> {
  const named = evidence.outcome === "verified" ? evidence.signer.key.fingerprint : evidence.issuer;
  if (named === null) return [];
  const { selectKey, fingerprintOf } = await import("./key-select.ts");
  try {
    const key = selectKey(loaded, named);
    const fingerprint = fingerprintOf(key);
    const { until } = key.entry.window;
    if (until !== undefined && until <= now) return [`signpolicy keys renew ${fingerprint} --until TIME`];
    if (key.anchor.kind !== "openpgp") return [];
    const { extendCommand } = await import("./key-extend.ts");
    return [await extendCommand(key.anchor.certificate, loaded, now)];
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    return [];
  }
}

/** An option or a variable beats the configuration file, so changing the file would not help. */
function withIdentityFix(finding: Finding, { context, environment }: Readiness): Finding {
  const own = /git config user\.email (\S+|'[^']*')(?=,)/.exec(finding.hint ?? "")?.[0];
  const { committer } = context;
  if (environment["GIT_COMMITTER_EMAIL"] === committer.email) return { ...finding, hint: "unset GIT_COMMITTER_EMAIL" };
  if (setByOption("user.email", environment)) {
    const option = shellWord(`user.email=${committer.email}`) ?? "user.email=...";
    return { ...finding, hint: `leave out \`-c ${option}\`${own === undefined ? "" : `, or ${own}`}` };
  }
  return own === undefined ? finding : { ...finding, hint: own };
}
