/**
 * Changes a policy file's text and nothing else of it: every byte outside a change, comments and order included, stays
 * as its owner wrote it. Loads the `yaml` package: only commands that edit import this file.
 */
import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { ParsedNode } from "yaml";
import { PolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import type { Path } from "./document.ts";
import { renderPath } from "./document.ts";
import { appendItem, appendPair, replaceValue } from "./edit-text.ts";
import type { EditPlace, EditValue } from "./edit-text.ts";
import { readDocument } from "./read-document.ts";

/** `set` replaces a value, or adds the key to its mapping; `append` adds an item to a list. Paths start at the policy. */
export interface Edit {
  readonly kind: "set" | "append";
  readonly path: Path;
  readonly value: EditValue;
}

const BOM = "\ufeff";

/**
 * Applies edits one after the other. The result is read again, and holds exactly what the edits say: where the text is
 * written in a way that cannot be edited in place it is refused, not guessed at.
 *
 * Relied upon: the file is a valid policy.
 *
 * @throws PolicyError ERR_POLICY_INVALID naming what to write by hand
 */
export async function editPolicy(
  bytes: Bytes,
  file: string,
  member: "signpolicy" | undefined,
  edits: readonly Edit[],
): Promise<Bytes> {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const mark = text.startsWith(BOM) ? BOM : "";
  const base = member === undefined ? [] : [member];
  const before = await readDocument(bytes, file, member);
  let edited = text.slice(mark.length);
  let expected = before.document.valueOf(before.base);
  for (const edit of edits) {
    const at = { ...edit, path: [...base, ...edit.path] };
    edited = applyEdit(edited, at) ?? refuse(file, edit);
    expected = withEdit(expected, edit, edit.path);
  }
  const result = new TextEncoder().encode(mark + edited);
  const after = await readDocument(result, file, member);
  const [first] = edits;
  if (first !== undefined && JSON.stringify(after.document.valueOf(after.base)) !== JSON.stringify(expected)) {
    refuse(file, first);
  }
  return result;
}

function applyEdit(text: string, { kind, path, value }: Edit): string | null {
  const document = parseDocument(text, { version: "1.2", schema: "core", uniqueKeys: false, prettyErrors: false });
  const json = /^\s*\{/.test(text);
  const place = (node: ParsedNode): EditPlace => ({ text, node, json });
  const existing = nodeAt(document.contents, path);
  if (kind === "append") return existing !== null && isSeq(existing) ? appendItem(place(existing), value) : null;
  if (existing !== null) return isScalar(existing) ? replaceValue(place(existing), value) : null;
  const parent = nodeAt(document.contents, path.slice(0, -1));
  const key = path.at(-1);
  if (parent === null || !isMap(parent) || typeof key !== "string") return null;
  return appendPair(place(parent), key, value);
}

function nodeAt(root: ParsedNode | null, path: Path): ParsedNode | null {
  let node = root;
  for (const key of path) {
    if (isSeq(node)) node = node.items[Number(key)] ?? null;
    else if (isMap(node)) node = node.items.find(({ key: name }) => keyText(name) === key)?.value ?? null;
    else return null;
  }
  return node;
}

const keyText = (node: ParsedNode): string | null =>
  isScalar(node) ? (node.type === "PLAIN" ? node.source : String(node.value)) : null;

/** The same edit on plain data: what the edited text must read as. */
function withEdit(data: unknown, edit: Edit, path: Path): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return edit.kind === "append" ? [...(data as readonly unknown[]), edit.value] : edit.value;
  if (Array.isArray(data))
    return data.map((item: unknown, index) => (index === key ? withEdit(item, edit, rest) : item));
  const mapping = data as Readonly<Record<string, unknown>>;
  return { ...mapping, [key]: withEdit(mapping[key], edit, rest) };
}

function refuse(file: string, { path, value }: Edit): never {
  throw new PolicyError("ERR_POLICY_INVALID", `${file} is written in a way that cannot be changed in place`, [], {
    hint: `write it by hand: ${renderPath(path)}: ${JSON.stringify(value)}`,
  });
}
