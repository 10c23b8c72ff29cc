import type { RenderFormat, ReportFormat } from "./renderer.ts";

/** What every command that prints anything can print. */
export const FORMATS: readonly RenderFormat[] = ["text", "json"];

/** What a report of decisions can be. */
export const REPORT_FORMATS: readonly ReportFormat[] = [...FORMATS, "sarif", "junit", "github", "gitlab", "markdown"];
