/** Our lines in a hook file that somebody else owns. Text in, text out; every byte outside the marks stays as it is. */
import { SignpolicyError } from "../errors.ts";

const BEGIN = "# >>> signpolicy >>>";
const END = "# <<< signpolicy <<<";

const isMark = (line: string, mark: string): boolean => line.trim() === mark;

/** The lines between our marks, without line ends; null where there are no marks. */
export function findMarkedLines(text: string): readonly string[] | null {
  const lines = text.split("\n");
  const span = markedSpan(lines);
  return span === null ? null : lines.slice(span.begin + 1, span.end).map((line) => line.replace(/\r$/, ""));
}

/** Whether the script comes to our lines: nothing before them ends it. */
export const reachesMarked = (text: string): boolean =>
  !/^\s*(?:exit|exec)\b/m.test(text.slice(0, Math.max(0, text.indexOf(BEGIN))));

/**
 * Puts our lines first, behind a `#!` line only: an earlier line could end the script or read the standard input that
 * `pre-push` gets once. They end as the file's other lines do. Where they stand already, and are come to, nothing moves.
 */
export function addMarkedLines(text: string, ours: readonly string[]): string {
  const present = findMarkedLines(text);
  const isWhole = present?.length === ours.length && present.every((line, at) => line === ours[at]);
  if (isWhole && reachesMarked(text)) return text;
  const rest = removeMarkedLines(text);
  const end = rest.includes("\r\n") ? "\r\n" : "\n";
  const block = [BEGIN, ...ours, END].map((line) => line + end).join("");
  const afterShebang = rest.startsWith("#!") ? rest.indexOf("\n") + 1 : 0;
  return rest.slice(0, afterShebang) + block + rest.slice(afterShebang);
}

/**
 * Takes our lines and their marks out.
 *
 * @throws SignpolicyError ERR_INSTALL when a mark stands without its other half
 */
export function removeMarkedLines(text: string): string {
  const lines = text.split("\n");
  for (let span = markedSpan(lines); span !== null; span = markedSpan(lines)) {
    lines.splice(span.begin, span.end - span.begin + 1);
  }
  return lines.join("\n");
}

function markedSpan(lines: readonly string[]): { begin: number; end: number } | null {
  const begin = lines.findIndex((line) => isMark(line, BEGIN));
  const end = lines.findIndex((line) => isMark(line, END));
  if (begin === -1 && end === -1) return null;
  if (begin === -1 || end < begin) {
    throw new SignpolicyError("ERR_INSTALL", `a hook file holds one of the marks \`${BEGIN}\` and \`${END}\` alone`, {
      hint: "take the lines of signpolicy out by hand, then install again",
    });
  }
  return { begin, end };
}
