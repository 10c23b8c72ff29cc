/** The user's own configuration of git with all that it includes, as far as its text tells (git-config(1), "Includes"). */
import { dirname, join } from "node:path";

/** More than anybody has; git itself follows includes ten deep. */
const MOST_FILES = 64;

/**
 * What stands in these files and in whatever they may include, each path with its text, null where nothing is. Conditions are not
 * asked: what holds of them hangs on the repository, its branch and these very files. Null where an include is written otherwise than
 * people write it, so that only git can say where it leads.
 *
 * @param read - a file's bytes as latin-1 text; null where nothing is
 */
export function seenConfig(
  files: readonly string[],
  home: string | undefined,
  read: (path: string) => string | null,
): readonly (readonly [path: string, text: string | null])[] | null {
  const seen = new Map<string, string | null>();
  const open = [...files];
  for (let path = open.shift(); path !== undefined; path = open.shift()) {
    if (seen.has(path)) continue;
    if (seen.size >= MOST_FILES) return null;
    const text = read(path);
    seen.set(path, text);
    for (const value of includedBy(text ?? "")) {
      const included = value === null ? null : placeOf(value, path, home);
      if (included === null) return null;
      open.push(included);
    }
  }
  return [...seen];
}

const SECTION = /^[ \t]*\[include(?:if[ \t]+"[^"\\]*")?\][ \t]*\r?$/i;
const PATH = /^[ \t]*path[ \t]*=[ \t]*(?:"([\x20-\x7e]+)"|([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?))[ \t]*\r?$/i;

/** The values of `path` in sections that include; null for a line of one that may be anything else. */
function includedBy(text: string): readonly (string | null)[] {
  const found: (string | null)[] = [];
  let including = false;
  for (const line of text.split("\n")) {
    if (/^[ \t]*(?:[#;].*)?\r?$/.test(line)) continue;
    if (/\[\s*include/i.test(line)) {
      including = true;
      if (!SECTION.test(line)) found.push(null);
    } else if (/^[ \t]*\[/.test(line)) including = false;
    else if (including) {
      const [, quoted, plain] = PATH.exec(line) ?? [];
      const value = quoted ?? plain ?? "";
      found.push(value === "" || /["\\#;]/.test(value) ? null : value);
    }
  }
  return found;
}

/** Null for another user's home and for what git has put at the beginning of a path since (`%(prefix)`, `:(optional)`). */
function placeOf(value: string, file: string, home: string | undefined): string | null {
  if (/^(?:%\(|:\()/.test(value)) return null;
  if (!value.startsWith("~")) return value.startsWith("/") ? value : join(dirname(file), value);
  return value.startsWith("~/") && home !== undefined && home !== "" ? join(home, value.slice(2)) : null;
}
