import type { ReportHead } from "../model.ts";
import type { GoverningPolicy } from "./session.ts";

/** What stands above a report's decisions; without a policy where none was found. */
export function reportHead(governing: GoverningPolicy | null, notes: readonly string[] = []): ReportHead {
  return {
    schemaVersion: 1,
    tool: { name: "signpolicy", version: SIGNPOLICY_VERSION },
    policy: governing?.loaded.origin ?? null,
    notes: [...(governing?.notes ?? []), ...notes],
  };
}
