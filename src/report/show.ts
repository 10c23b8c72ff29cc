import { escapeTerminal } from "../encoding/text.ts";
import { foldHint, wrap } from "./folding.ts";

/** One line, safe on any terminal, of bytes as latin-1 text or of a sentence of ours that quotes such bytes. */
export const show = (text: string, max = 2000): string => escapeTerminal(text, { max });

/** The same for text that is surely Unicode, as the policy's own words are: an accented letter there is no lone byte. */
export const showText = (text: string, max = 200): string =>
  escapeTerminal(Buffer.from(text, "utf8").toString("latin1"), { max });

/** Hooks speak ASCII alone: what is left above it after escaping is spelled out, so that look-alikes differ. */
export const toAscii = (shown: string): string =>
  shown.replace(/[^\x20-\x7e]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);

/** Twelve digits: enough to name an object in any repository met so far, short enough to read. */
export const shortId = (oid: string, digits = 12): string => oid.slice(0, digits);

export const count = (n: number, noun: string, plural = `${noun}s`): string => `${n} ${n === 1 ? noun : plural}`;

/** Some messages name their rule; then nothing else needs to. */
export const namesRule = (message: string | null): boolean => message?.includes('rule "') ?? false;

/** `remote: ` is put before each line on its way, and 80 columns are what a terminal surely has. */
const HOOK_WIDTH = 72;

/**
 * What hooks print: `error: …`, `warning: …` or `hint: …` on every line of at most 72 ASCII characters, since git puts
 * `remote: ` before each, colours by that first word, and forges show some lines alone. A command in a hint is not broken,
 * however long it is.
 */
export const hookLines = (label: "error" | "warning" | "hint", shown: string): string =>
  prefixed(`${label}: `, label === "hint", toAscii(shown));

/**
 * The same once more for GitLab's web pages, which show only the lines that begin so, and without that beginning. The word
 * `error` is for a terminal's colours and is left out, so that a line folds where it does above.
 */
export const gitlabLines = (label: "error" | "warning" | "hint", shown: string): string =>
  prefixed("GL-HOOK-ERR: ", label === "hint", toAscii(label === "error" ? shown : `${label}: ${shown}`));

function prefixed(prefix: string, isHint: boolean, shown: string): string {
  const width = HOOK_WIDTH - prefix.length - 2;
  const [, first = "", text = ""] = /^((?:hint: )?(?:fix: )?)(.*)$/s.exec(shown) ?? [];
  const folded = isHint ? foldHint(first, text, width) : wrap(shown, width);
  return folded.map((line, i) => `${prefix}${i === 0 ? "" : "  "}${line}\n`).join("");
}

export { wrap };
