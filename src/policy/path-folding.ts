import { fromLatin1, latin1 } from "../encoding/bytes.ts";

/** What stands for a `*` or `?` that is no wildcard, so that folding never makes one (U+FF0A folds to `*`). */
const LITERAL: Readonly<Record<string, string>> = { "*": "\u0001", "?": "\u0002" };

/**
 * The components of a path as file systems may take them for one another: without regard to case, Unicode form,
 * invisible characters (HFS+), trailing dots and blanks and stream names (NTFS, Win32 "Naming Files, Paths, and
 * Namespaces"), with `\` as the separator that it is on Windows. Two paths that some file system keeps in one place fold
 * alike; some that none does, too. Bytes that are no UTF-8 keep their value.
 *
 * @param path - latin-1 text of the path's bytes
 */
export const foldPath = (path: string): readonly string[] => path.split(/[/\\]/).map((name) => foldName(name));

/** One component; `*` and `?` in it are ordinary characters. */
export function foldName(name: string): string {
  const folded = literal(foldText(name));
  // An NTFS stream of a file is the file: `a::$DATA` is what `a` holds.
  const stem = folded.replace(/(?<=.):.*$/s, "");
  // No pattern: one that is tried at every blank takes the square of a name's length, and a name may have any.
  let end = stem.length;
  while (stem[end - 1] === "." || stem[end - 1] === " ") end -= 1;
  return end === 0 ? folded : stem.slice(0, end);
}

/** A stretch of a pattern between two wildcards. What folds at the end of a name folds here only where it is one (`last`). */
export const foldLiteral = (text: string, last: boolean): string => (last ? foldName(text) : literal(foldText(text)));

const literal = (text: string): string => text.replace(/[*?]/g, (sign) => LITERAL[sign] ?? sign);

/** Most names are ASCII, and need no tables of Unicode, which take longer to load than all else here. */
function foldText(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase();
  let decoded: string;
  try {
    decoded = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fromLatin1(text));
  } catch {
    return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  }
  const folded = ignoring(ignoring(decoded.normalize("NFKC")).toUpperCase().toLowerCase().normalize("NFKC"));
  // Lower case of a sigma depends on where it stands.
  return latin1(Buffer.from(folded.replaceAll("ς", "σ")));
}

/** HFS+ compares names without these (git: `is_hfs_dotgit`), Unicode calls them default ignorable. */
const ignoring = (text: string): string => text.replace(/\p{Default_Ignorable_Code_Point}/gu, "");

const SHORT = /^([^.~]{1,6})~[0-9]{1,6}(?:\.([^.]{1,3}))?$/;

/**
 * Whether a folded name may be the short name that NTFS makes up for a longer one (`PACKAG~1.JSO` for `package.json`, after
 * four of them two letters and a checksum): writing to it writes to the other. `pattern` is a folded component, with its
 * wildcards.
 */
export function mayBeShortFor(name: string, pattern: string): boolean {
  const [, base, extension = ""] = SHORT.exec(name) ?? [];
  if (base === undefined || hasNoShortName(pattern)) return false;
  const plain = pattern.replace(/^\.+/, "").replaceAll(" ", "");
  const dot = plain.lastIndexOf(".");
  const ending = dot === -1 ? "" : plain.slice(dot + 1);
  const start = /^[\x21-\x7e]*/.exec((dot === -1 ? plain : plain.slice(0, dot)).split(/[*?]/)[0] ?? "")?.[0] ?? "";
  const known = Math.min(2, start.length, base.length);
  const sameEnding = /[*?]/.test(ending) || (dot === -1 && /[*?]/.test(plain)) || ending.slice(0, 3) === extension;
  return sameEnding && start.slice(0, known) === base.slice(0, known);
}

const hasNoShortName = (pattern: string): boolean => /^[a-z0-9_-]{1,8}(?:\.[a-z0-9_-]{1,3})?$/.test(pattern);
