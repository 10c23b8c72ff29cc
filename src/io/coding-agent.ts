/** What coding agents set for the programs they start; AI_AGENT is the name that several have agreed on. */
const NAMES = ["AI_AGENT", "CLAUDECODE", "CURSOR_AGENT", "GEMINI_CLI", "CODEX_SANDBOX"] as const;

export const isCodingAgent = (environment: Readonly<Record<string, string | undefined>>): boolean =>
  NAMES.some((name) => (environment[name] ?? "") !== "");
