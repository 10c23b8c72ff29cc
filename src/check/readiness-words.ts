/**
 * What a finding says of a commit that does not exist yet, and the one command that mends it before it is made. Nothing
 * here ever rewrites a commit.
 */
import type { Finding, VerdictCode } from "../model.ts";
import { shellWord } from "../policy/fixes.ts";
import { settingCommand, SIGN_ALWAYS } from "./good-keys.ts";
import { keyChoices, type KeyQuestion } from "./key-choices.ts";
import type { SigningKey } from "./signing-key.ts";
import { setByOption } from "./signing-key.ts";

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
export async function readinessWords(finding: Finding, about: KeyQuestion): Promise<Finding> {
  const { key, context } = about;
  if (key.kind === "none" && finding.code === key.code) {
    const isAsked = finding.code === "unknown-key" && key.final !== true;
    const allowed = isAsked ? `; the committer is ${context.committer.email}` : "";
    return { ...finding, message: key.why + allowed, hint: await unsetFix(key, about) };
  }
  if (OF_THE_KEY.has(finding.code)) return { ...finding, hint: await keyFix(finding.code, about) };
  if (finding.code === "identity-mismatch" && finding.severity === "error") return withIdentityFix(finding, about);
  return finding;
}

/** No signature would come of what git is set up with. */
async function unsetFix(key: SigningKey & { kind: "none" }, about: KeyQuestion): Promise<string> {
  const { context, top, environment } = about;
  if (key.final === true || key.code === "unsupported" || setByOption("commit.gpgsign", environment)) return key.fix;
  const { GitConfig } = await import("../io/config.ts");
  const { findSigningKey } = await import("./signing-key.ts");
  const { expectEvidence } = await import("./expected-evidence.ts");
  const on = { scope: "command", key: "commit.gpgsign", value: "true" } as const;
  const place = { top, environment };
  const signing = await findSigningKey(new GitConfig([...context.config.values, on]), context.committer, place);
  const would = await expectEvidence(signing, about.loaded.anchors, about.now);
  if (would.outcome === "verified" && would.lapsed === null) return settingCommand(SIGN_ALWAYS);
  const [good] = (await keyChoices(about)).here;
  // Of nothing that is set up nothing can be switched on.
  return good?.command ?? `signpolicy join, which sets signing up and asks for your key to be added to the policy`;
}

const AGAIN = "; then commit again";

/** What has git sign with a key that the policy takes from this person today, in place of the one it is set up with. */
async function keyFix(code: VerdictCode, about: KeyQuestion): Promise<string> {
  const { environment, key } = about;
  if (setByOption("user.signingkey", environment)) return `leave out \`-c user.signingkey=...\`${AGAIN}`;
  const { here, elsewhere, newer, extensions, owner } = await keyChoices(about);
  const certificate = key.kind === "openpgp" ? newer.get(key.id) : undefined;
  const renew = `have the policy's copy renewed, so that the new subkey counts: signpolicy keys renew ${certificate ?? ""}`;
  const choices = [...extensions, ...here.map(({ command }) => command)];
  if (choices.length > 0)
    return `${choices.slice(0, 3).join("; or ")}${AGAIN}${certificate === undefined ? "" : `; and ${renew}`}`;
  if (certificate !== undefined) return `${renew}${AGAIN}`;
  const join =
    code === "unknown-key" ? "signpolicy join, which asks for this key to be added" : "signpolicy join --new-key";
  if (owner === null || elsewhere.length === 0) return `${join}${AGAIN}`;
  const what = key.kind === "none" ? "a key" : "another key";
  return `${join}; or sign where ${what} of ${owner} is that is good today (${elsewhere.slice(0, 3).join(", ")})${AGAIN}`;
}

/** An option or a variable beats the configuration file, so changing the file would not help. */
function withIdentityFix(finding: Finding, { context, environment }: KeyQuestion): Finding {
  const own = /git config user\.email (\S+|'[^']*')(?=,)/.exec(finding.hint ?? "")?.[0];
  const { committer } = context;
  if (environment["GIT_COMMITTER_EMAIL"] === committer.email) return { ...finding, hint: "unset GIT_COMMITTER_EMAIL" };
  if (setByOption("user.email", environment)) {
    const option = shellWord(`user.email=${committer.email}`) ?? "user.email=...";
    return { ...finding, hint: `leave out \`-c ${option}\`${own === undefined ? "" : `, or ${own}`}` };
  }
  return own === undefined ? finding : { ...finding, hint: own };
}
