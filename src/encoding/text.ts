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
  const shown = /^[ -~]*$/.test(cut) ? cut : escapeWide(cut);
  return max !== undefined && shown.length > max
    ? `${shown.slice(0, Math.max(0, max - 3)).replace(/[\ud800-\udbff]$/, "")}...`
    : shown;
}

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
