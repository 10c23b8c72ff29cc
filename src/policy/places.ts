/**
 * Where a policy may stand, only at the top of a tree, in this order; `FILE#MEMBER` is a member of a JSON file. More than
 * one in a tree is an error: a second policy would be one that people read and nobody obeys, or the reverse.
 */
export const POLICY_PLACES: readonly string[] = [
  ".signpolicy.yaml",
  ".signpolicy.yml",
  ".signpolicy.json",
  ".signpolicyrc",
  ".config/signpolicyrc",
  "package.json#signpolicy",
];

/** Those that hold nothing else. */
export const POLICY_FILES: readonly string[] = POLICY_PLACES.filter((place) => !place.includes("#"));

/** Files and folders: where the policy lies, and most often the key files that it names (`init`, `keys add`). */
export const USUAL_PATHS: readonly string[] = [...POLICY_FILES, "keys"];

/** Whether it is one of these, or lies below one. */
export const isUsual = (path: string): boolean =>
  USUAL_PATHS.some((usual) => path === usual || path.startsWith(`${usual}/`));

/** Names under which other tools take configuration that runs. A policy never does, and says so instead of passing them by. */
export const CODE_PLACES: readonly string[] = [
  ".signpolicy.js",
  ".signpolicy.cjs",
  ".signpolicy.mjs",
  ".signpolicy.ts",
  ".signpolicy.cts",
  ".signpolicy.mts",
];
