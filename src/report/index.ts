import { createJsonRenderer } from "./json.ts";
import type { Renderer, RenderFormat } from "./renderer.ts";
import { createTextRenderer } from "./text.ts";
import type { TextOptions } from "./text.ts";

/** One renderer a format; a null prototype, so that `toString` is no format. */
const RENDERERS: Readonly<Record<RenderFormat, (options: TextOptions) => Renderer>> = Object.assign(
  Object.create(null) as object,
  { text: createTextRenderer, json: createJsonRenderer },
);

export const FORMATS: readonly string[] = Object.keys(RENDERERS);

export const isRenderFormat = (name: string): name is RenderFormat => FORMATS.includes(name);

/** A fresh renderer for one report. */
export const createRenderer = (format: RenderFormat, options: TextOptions): Renderer => RENDERERS[format](options);
