/** What a repository needs of its own, whoever runs its hooks: the policy it is judged by and the record. */
import { join } from "node:path";
import { readClock } from "../io/clock.ts";
import type { InstallReport, InstallServerOptions, InstallStep } from "./installation.ts";
import type { ServerMemory } from "./server-memory.ts";
import { writeServerMemory } from "./server-memory.ts";
import type { ServerPackage } from "./server-package.ts";
import type { ServerPlace } from "./server-place.ts";
import { serverEnvironment, workTreeAround, writers } from "./server-place.ts";
import { standingPolicy } from "./server-policy.ts";

/** What is the same for every repository of one command. */
export interface Installation {
  readonly program: ServerPackage;
  /** Absolute path of the policy to pin; null to leave that as it is. */
  readonly policy: string | null;
  readonly options: InstallServerOptions;
}

/** All that a repository needs of its own before the hooks judge a push: the pinned policy and the record's baseline. */
export async function prepareRepository(
  place: ServerPlace,
  memory: ServerMemory,
  { policy, options }: Installation,
): Promise<InstallReport> {
  const pinned = await pinPolicy(place, policy, memory);
  const begun = await beginRecord(place, options);
  const layout = options.layout ?? memory.layout;
  const kept = layout === undefined ? pinned.memory : { ...pinned.memory, layout };
  await writeServerMemory(place.gitDir, kept, place.owner);
  const standing = await standingPolicy(place, options);
  const refused = "fix" in standing ? [`${standing.message}; mend it: ${standing.fix}`] : [];
  const warnings = [...(await policyWarnings(place, policy)), ...refused];
  return { steps: [...pinned.steps, begun], warnings };
}

async function pinPolicy(
  place: ServerPlace,
  policy: string | null,
  memory: ServerMemory,
): Promise<{ steps: readonly InstallStep[]; memory: ServerMemory }> {
  if (policy === null) return { steps: [], memory };
  const what = `signpolicy.policy = ${policy}`;
  const present = (await place.porcelain.config()).getAll("signpolicy.policy", ["local"]);
  if (present.length === 1 && present[0] === policy) return { steps: [{ what, changed: false }], memory };
  await place.porcelain.setConfig("signpolicy.policy", policy);
  const before = memory.policy?.after === present.at(-1) ? memory.policy?.before : present.at(-1);
  return { steps: [{ what, changed: true }], memory: { ...memory, policy: { before: before ?? null, after: policy } } };
}

async function beginRecord(place: ServerPlace, options: InstallServerOptions): Promise<InstallStep> {
  const record = await import("./record-begin.ts");
  const { outcome, rules, path } = await record.beginRecord({
    directory: place.gitDir,
    environment: serverEnvironment(place.gitDir, place.owner, options.environment),
    now: readClock(),
    how: "keep",
  });
  const baseline = rules.map((rule) => JSON.stringify(rule)).join(", ");
  const what = `record in ${path}${baseline === "" ? "" : `, from what stands now under ${baseline}`}`;
  return { what, changed: outcome !== "sound" };
}

async function policyWarnings(place: ServerPlace, policy: string | null): Promise<readonly string[]> {
  const { gitDir, owner } = place;
  const around = policy === null ? null : await workTreeAround(policy);
  return [
    ...(around === null ? [] : [`the policy is not safe: whoever changes the work tree ${around} changes it`]),
    ...(place.shared ? ["core.sharedRepository is set: pushes by other users than the owner cannot be recorded"] : []),
    ...(policy === null ? [] : await writers("the policy", policy, owner)),
    ...(await writers("the repository's configuration", join(gitDir, "config"), owner)),
  ];
}
