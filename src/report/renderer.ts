import type { Decision, RefName, ReportHead, Summary } from "../model.ts";

/**
 * Turns a report into text as it comes: `begin`, then `decision` for each, then `end`; the strings are written one
 * after the other. A renderer does no I/O, reads no clock and takes no decision. All bytes from the repository are
 * escaped on the way out.
 */
export interface Renderer {
  begin(head: ReportHead): string;
  decision(decision: Decision): string;
  /** So many commits on one ref that were allowed without a finding; only of those who list none. */
  counted?(ref: RefName | null, count: number): void;
  end(summary: Summary): string;
}

export type RenderFormat = "text" | "json";

/** What a report of decisions can be besides: formats that forges, CI and editors read. */
export type ReportFormat = RenderFormat | "sarif" | "junit" | "github" | "gitlab" | "markdown";
