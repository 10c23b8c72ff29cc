import { escapeTerminal, escapeXml } from "../../encoding/text.ts";
import { showText } from "../show.ts";

/** Markup that is ours or escaped; a plain string never is taken for it. */
export interface Markup {
  readonly markup: string;
}

export type Content = Markup | string | number | readonly Content[];
type Attributes = Readonly<Record<string, string | number | null>>;

/** Elements that HTML knows without an end. */
const VOID = new Set(["meta", "input"]);

/** Text of the repository: bytes as latin-1, of strangers. */
export const bytes = (text: string, max = 200): string => escapeTerminal(text, { max });

/** Text that is surely Unicode: the policy's words. */
export const words = (text: string, max = 400): string => showText(text, max);

export const raw = (markup: string): Markup => ({ markup });

/**
 * An element of HTML or SVG. Every text and every value is escaped here, once; that no byte of it steers what shows the text is
 * for `bytes` and `words` before.
 */
export function element(name: string, attributes: Attributes, ...content: readonly Content[]): Markup {
  const given = Object.entries(attributes)
    .map(([key, value]) => (value === null ? "" : ` ${key}="${escapeXml(String(value))}"`))
    .join("");
  return raw(VOID.has(name) ? `<${name}${given}>` : `<${name}${given}>${render(content)}</${name}>`);
}

export function render(content: Content): string {
  if (typeof content === "string") return escapeXml(content);
  if (typeof content === "number") return String(content);
  if ("markup" in content) return content.markup;
  return content.map(render).join("");
}
