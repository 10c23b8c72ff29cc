import baseline from "../../config/presets/baseline.json" with { type: "json" };
import strict from "../../config/presets/strict.json" with { type: "json" };
import team from "../../config/presets/team.json" with { type: "json" };

/**
 * Defaults by name, in the form of a policy file. `baseline`: every commit that lands is signed by somebody the policy
 * knows. `team`: also nobody rewrites the main branches, and tags are signed. `strict`: also people or release keys alone
 * sign those, author and committer are the signer.
 */
export const PRESETS: ReadonlyMap<string, Readonly<Record<string, unknown>>> = new Map<
  string,
  Readonly<Record<string, unknown>>
>([
  ["baseline", baseline],
  ["team", team],
  ["strict", strict],
]);

/** A policy with what its preset supplies: the file's own keys replace the preset's, those of `algorithms` one by one. */
export function applyPreset(own: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const preset = typeof own["preset"] === "string" ? PRESETS.get(own["preset"]) : undefined;
  if (preset === undefined) return own;
  const algorithms = isMapping(own["algorithms"]) ? { ...(preset["algorithms"] as object), ...own["algorithms"] } : {};
  return { ...preset, ...own, ...(isMapping(own["algorithms"]) ? { algorithms } : {}) };
}

const isMapping = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
