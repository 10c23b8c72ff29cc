/** How findings tell what a commit does to a path. */
import type { PathGlob } from "./policy.ts";

interface Entry {
  readonly mode: string;
  readonly oid: string;
}

/** What a commit does at one protected path; `before` are its parents' entries. */
export interface Touch {
  readonly path: string;
  readonly before: readonly (Entry | null)[];
  readonly after: Entry | null;
  /** The pattern that protects it. */
  readonly glob: PathGlob;
}

/** `ci/run (mode 100644 to 100755), lib (submodule moved) and more` */
export function touchWords(touches: readonly Touch[], more: boolean): string {
  const named = touches.map((touch) => {
    const notes = [deedOf(touch), ...aliasOf(touch)].filter((note) => note !== null);
    return notes.length === 0 ? quotePath(touch.path) : `${quotePath(touch.path)} (${notes.join("; ")})`;
  });
  return named.join(", ") + (more ? " and more" : "");
}

function deedOf({ before, after }: Touch): string | null {
  const merge = before.length > 1 ? "in the merge itself" : null;
  const old = before.find((entry) => entry?.oid !== after?.oid || entry?.mode !== after?.mode) ?? null;
  const deed = after === null ? "deleted" : old === null ? newWords(after) : changeWords(old, after);
  return [deed, merge].filter((part) => part !== null).join(" ") || null;
}

const newWords = (after: Entry): string => (kindOf(after) === "file" ? "new" : `a new ${kindOf(after)}`);

function changeWords(old: Entry, after: Entry): string | null {
  const [was, is] = [kindOf(old), kindOf(after)];
  if (was !== is) return `${was} becomes ${is}`;
  if (is === "submodule") return `submodule moved to ${after.oid.slice(0, 12)}`;
  if (old.mode !== after.mode) return `mode ${old.mode} to ${after.mode}`;
  return is === "symbolic link" ? "symbolic link led elsewhere" : null;
}

function aliasOf({ path, glob }: Touch): readonly string[] {
  if (glob.names(path)) return [];
  return glob.matches(path)
    ? [`some file systems take it for what \`${glob.pattern}\` names`]
    : [`in the place of a folder of \`${glob.pattern}\``];
}

/** By the mode's file type, as git reads it; what git does not know counts as a submodule there, too (`canon_mode`). */
export function kindOf({ mode }: Entry): "file" | "symbolic link" | "submodule" {
  const type = parseInt(mode, 8) & 0o170000;
  if (type === 0o100000) return "file";
  return type === 0o120000 ? "symbolic link" : "submodule";
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\" };

/** As git writes paths with `core.quotePath`, but for bytes beyond ASCII: those are decoded and escaped where they are shown. */
function quotePath(path: string): string {
  if (!/[\0-\x1f\x7f"\\]/.test(path)) return path;
  const quoted = path.replace(
    /[\0-\x1f\x7f"\\]/g,
    (sign) => ESCAPES[sign] ?? `\\${sign.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  return `"${quoted}"`;
}
