import { formatTime } from "../encoding/time.ts";
import type { Seconds } from "../model.ts";
import { extendCommand } from "./key-extend.ts";
import { fingerprintOf } from "./key-select.ts";
import { endOf, problemAt } from "./key-standing.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { WatchFinding } from "./watch-findings.ts";

/** Keys that cannot sign any more or will not soon, but for those that the policy put out of use, and exemptions that end. */
export async function watchLapses(
  loaded: LoadedPolicy,
  now: Seconds,
  within: Seconds,
  principal: string | null,
): Promise<readonly WatchFinding[]> {
  const { policy, keys } = loaded;
  const found: WatchFinding[] = [];
  for (const key of keys) {
    const { window } = key.anchor;
    if (principal !== null && key.principal !== principal) continue;
    if (window.compromised !== undefined || window.retired !== undefined) continue;
    const fingerprint = fingerprintOf(key);
    const about = { key: fingerprint, principal: key.principal };
    const hint = (await extendCommand(key, loaded, now + within)) ?? `signpolicy keys retire ${fingerprint}`;
    const problem = await problemAt(key, policy.algorithms, now);
    if (problem !== null) {
      // A key not in use yet is a plan.
      if (problem.code === "key-not-yet-valid") continue;
      const message = `${fingerprint} of ${key.principal} cannot sign: ${problem.detail}`;
      found.push({ code: "key-lapses", message, hint, ...about });
      continue;
    }
    const end = await endOf(key, policy.algorithms, now);
    if (end === null || end - now > within) continue;
    const message = `${fingerprint} of ${key.principal} ends on ${formatTime(end)}`;
    found.push({ code: "key-lapses", message, hint, ...about });
  }
  for (const { commit, reachableFrom, until, reason } of policy.exempt) {
    if (until === null || until < now || until - now > within) continue;
    const what = commit ?? reachableFrom ?? "";
    const message = `the exemption of ${what} (${Buffer.from(reason).toString("latin1")}) ends on ${formatTime(until)}`;
    found.push({ code: "exemption-lapses", message });
  }
  return found;
}
