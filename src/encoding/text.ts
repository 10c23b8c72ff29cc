/**
 * Names, titles and ref names are written by strangers. These functions stand between them and a terminal or a
 * JSON document; they are applied once, where output is made.
 */

interface EscapeOptions {
  /** Longest result in characters; what is longer ends in `...`. */
  readonly max?: number;
}

/**
 * One line of text that a terminal can show and that cannot steer it. Takes latin-1 text of bytes or ordinary text:
 * valid UTF-8 sequences are decoded; control characters, bidirectional controls, invisible characters, line ends,
 * odd blanks and lone bytes become visible escapes such as `\x1b` or `\u202e`.
 *
 * @example
 * ```ts
 * escapeTerminal("fix\x1b[31m"); // "fix\\x1b[31m"
 * ```
 */
export function escapeTerminal(text: string, options: EscapeOptions = {}): string {
  const { max } = options;
  // Cut first: a title may be megabytes long, and no character takes less than a quarter of one shown.
  const cut = max !== undefined && text.length > max * 4 ? text.slice(0, max * 4) : text;
  const shown = escapeLogCommands(/^[ -~]*$/.test(cut) ? cut : escapeWide(cut));
  return max !== undefined && shown.length > max
    ? `${shown.slice(0, Math.max(0, max - 3)).replace(/[\ud800-\udbff]$/, "")}...`
    : shown;
}

/**
 * Logs of CI are read by programs that obey what stands in them: `##vso[task.setvariable …]` (Azure Pipelines), `##[add-path]`
 * (GitHub's runner, its old commands), `##teamcity[…]`, wherever in a line they stand. The second `#` becomes `\x23`.
 */
const escapeLogCommands = (text: string): string =>
  text.includes("##") ? text.replace(/##(?=[a-z]*\[)/gi, "#\\x23") : text;

/**
 * Lines as they may stand in a log of CI: GitHub's runner, and those made after it, obey a line that begins with `::`, blanks
 * before it or not, and folding can bring a stranger's word to the beginning of one.
 */
export const escapeLogLines = (lines: string): string => lines.replace(/^([^\S\n]*):(?=:)/gm, "$1\\x3a");

/**
 * The data of a workflow command, and with `property` what stands before its second `::` (actions/toolkit, command.ts). For
 * text that `escapeTerminal` has gone over; line ends are ours and become line ends of the annotation.
 */
export function escapeAnnotation(text: string, property = false): string {
  const data = text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  return property ? data.replaceAll(":", "%3A").replaceAll(",", "%2C") : data;
}

/** Text and attribute values of XML. What XML 1.0 cannot hold at all, `escapeTerminal` has taken away. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"'\r\n]|(?<=#)#|(?<=:):/g, (char) => `&#${char.charCodeAt(0)};`);

/** A code span of Markdown (CommonMark §6.1), in which nothing is a link, an image or HTML. */
export function markdownCode(text: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return text === "" ? "" : `${fence} ${text} ${fence}`;
}

/** The text of a SARIF message: braces would be placeholders (§3.11.5), brackets an embedded link (§3.11.6). */
export const escapeSarifMessage = (text: string): string => text.replace(/[{}]/g, "$&$&").replace(/[\\[\]]/g, "\\$&");

function escapeWide(text: string): string {
  return decodeShown(text).replace(
    /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu,
    escapeCharacter,
  );
}

/** Lone bytes become private markers above U+DC00, as Python's surrogateescape does: they cannot come from valid UTF-8. */
function decodeShown(text: string): string {
  if (/[^\0-\xff]/.test(text)) return text;
  return text.replace(UTF8_SEQUENCE, (sequence) =>
    sequence.length === 1
      ? String.fromCharCode(0xdc00 + sequence.charCodeAt(0))
      : Buffer.from(sequence, "latin1").toString("utf8"),
  );
}

/** RFC 3629 §4; the last alternative is a byte that belongs to no sequence. */
const UTF8_SEQUENCE =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;

function escapeCharacter(character: string): string {
  let code = character.codePointAt(0) ?? 0;
  if (code >= 0xdc80 && code <= 0xdcff) code -= 0xdc00;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/**
 * What JSON can hold of latin-1 text of bytes: UTF-8 is decoded, invalid sequences become U+FFFD. Text that is not
 * bytes passes, lone surrogates replaced. `JSON.stringify` does the quoting.
 */
export function escapeJsonText(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  return Buffer.from(text, /[^\0-\xff]/.test(text) ? "utf8" : "latin1").toString("utf8");
}

/**
 * One word of a POSIX shell that stands for exactly this text, null where no printable ASCII word does or where a
 * program would read it as an option. Ref names and e-mails may hold `;`, `$( )`, quotes and blanks.
 */
export function shellWord(text: string, peeled = false): string | null {
  if (text === "" || (text.startsWith("-") && text !== "--root")) return null;
  const plain = peeled ? /^[A-Za-z0-9_.\/@:+,=%^{}-]+$/ : /^[A-Za-z0-9_.\/@:+,=%^-]+$/;
  if (plain.test(text)) return text;
  return /^[\x20-\x7e]+$/.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : null;
}
