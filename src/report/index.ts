import { createGithubRenderer } from "./github.ts";
import { createGitlabRenderer } from "./gitlab.ts";
import { createJsonRenderer } from "./json.ts";
import { createJunitRenderer } from "./junit.ts";
import { createMarkdownRenderer } from "./markdown.ts";
import type { Renderer, ReportFormat } from "./renderer.ts";
import { createSarifRenderer } from "./sarif.ts";
import { createTextRenderer } from "./text.ts";
import type { TextOptions } from "./text.ts";

/** One renderer a format; a null prototype, so that `toString` is no format. */
const RENDERERS: Readonly<Record<ReportFormat, (options: TextOptions) => Renderer>> = Object.assign(
  Object.create(null) as object,
  {
    text: createTextRenderer,
    json: createJsonRenderer,
    sarif: createSarifRenderer,
    junit: createJunitRenderer,
    github: createGithubRenderer,
    gitlab: createGitlabRenderer,
    markdown: createMarkdownRenderer,
  },
);

/** A fresh renderer for one report. */
export const createRenderer = (format: ReportFormat, options: TextOptions): Renderer => RENDERERS[format](options);
