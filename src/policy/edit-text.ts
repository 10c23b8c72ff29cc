/** Where in a text a value is put, and how it is written there, so that the rest of the text stays to the byte. */
import { Document, isMap, isScalar, isSeq, visit } from "yaml";
import type { ParsedNode } from "yaml";

export type EditValue =
  string | number | boolean | readonly EditValue[] | { readonly [key: string]: EditValue | undefined };

/** A node of the text's tree. `json`: the whole text is JSON, and what is written into it must be, too. */
export interface EditPlace {
  readonly text: string;
  readonly node: ParsedNode;
  readonly json: boolean;
}

/** Adds an item behind the last one of a list. */
export function appendItem(place: EditPlace, value: EditValue): string | null {
  const { text, node } = place;
  if (!isSeq(node)) return null;
  if (node.flow === true) return insertInFlow(place, node.items.map(nodeEnd), (style) => flowText(value, style));
  return insertLines(text, nodeEnd(node), columnOf(text, node.range[0]), blockText([value]));
}

/** Adds a key behind the last one of a mapping. */
export function appendPair(place: EditPlace, key: string, value: EditValue): string | null {
  const { text, node, json } = place;
  if (!isMap(node)) return null;
  if (node.flow !== true)
    return insertLines(text, nodeEnd(node), columnOf(text, node.range[0]), blockText({ [key]: value }));
  const name = json ? JSON.stringify(key) : flowText(key, { json, unit: null, indent: "" });
  const ends = node.items.map(({ key: own, value: held }) => nodeEnd(held ?? own));
  return insertInFlow(place, ends, (style) => `${name}: ${flowText(value, style)}`);
}

/** Writes another value in the place of a scalar. */
export function replaceValue({ text, node, json }: EditPlace, value: EditValue): string | null {
  if (!isScalar(node)) return null;
  const [start, end] = node.range;
  const isBlock = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
  if (!isBlock || typeof value !== "string") {
    return text.slice(0, start) + flowText(value, { json, unit: null, indent: "" }) + text.slice(end);
  }
  const eol = lineEndOf(text);
  const indent = /^[ \t-]*/.exec(text.slice(lineStart(text, start), start))?.[0].length ?? 0;
  const lines = value.replace(/\n+$/, "").split("\n");
  const body = lines.map((line) => (line === "" ? "" : `${" ".repeat(indent + 2)}${line}`)).join(eol);
  return `${text.slice(0, start)}|${eol}${body}${eol}${text.slice(end)}`;
}

interface FlowStyle {
  readonly json: boolean;
  /** One more step of indentation where values stand on lines of their own, null where they do not. */
  readonly unit: string | null;
  readonly indent: string;
}

const WIDTH = 110;

function insertInFlow(
  { text, node, json }: EditPlace,
  ends: readonly number[],
  write: (style: FlowStyle) => string,
): string {
  const [open, end] = node.range;
  const close = end - 1;
  const last = ends.at(-1);
  if (last === undefined) {
    const inner = write({ json, unit: null, indent: "" });
    const padding = text[open] === "{" ? " " : "";
    return `${text.slice(0, open + 1)}${padding}${inner}${padding}${text.slice(close)}`;
  }
  const lead = /^\s*/.exec(text.slice(open + 1, close))?.[0] ?? "";
  const hasComma = /^[ \t\r\n]*,/.test(text.slice(last, close));
  if (!lead.includes("\n")) {
    const at = hasComma ? text.indexOf(",", last) + 1 : last;
    return `${text.slice(0, at)}${hasComma ? "" : ","} ${write({ json, unit: null, indent: "" })}${text.slice(at)}`;
  }
  const indent = /[^\n]*$/.exec(lead)?.[0] ?? "";
  const outer = /^[ \t]*/.exec(text.slice(lineStart(text, close)))?.[0] ?? "";
  const unit = indent.startsWith(outer) && indent !== outer ? indent.slice(outer.length) : "  ";
  // A comment behind the last item stays with it.
  const line = Math.min(endOfLine(text, last), close);
  const comma = hasComma ? text.slice(last, line) : `,${text.slice(last, line)}`;
  const item = `${lineEndOf(text)}${indent}${write({ json, unit, indent })}`;
  return `${text.slice(0, last)}${comma}${item}${text.slice(line)}`;
}

function insertLines(text: string, after: number, column: number, block: string): string {
  const eol = lineEndOf(text);
  const lines = block.trimEnd().split("\n");
  const written = lines.map((line) => (line === "" ? "" : " ".repeat(column) + line)).join(eol);
  // A block of text (`|`) ends with its last line end.
  if (after > 0 && text[after - 1] === "\n") return `${text.slice(0, after)}${written}${eol}${text.slice(after)}`;
  const at = endOfLine(text, after);
  return `${text.slice(0, at)}${eol}${written}${text.slice(at)}`;
}

/** Where a node's own text ends: comments and blank lines behind it are not part of it. */
function nodeEnd(node: ParsedNode): number {
  if (isSeq(node) && node.flow !== true) {
    const last = node.items.at(-1);
    return last === undefined ? node.range[1] : nodeEnd(last);
  }
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1);
    return last === undefined ? node.range[1] : nodeEnd(last.value ?? last.key);
  }
  return node.range[1];
}

/** Lists of plain values stay on one line, as people write them. */
function blockText(value: EditValue): string {
  const document = new Document(value);
  visit(document, {
    Seq: (_, seq) => {
      if (seq.items.length > 0 && seq.items.every((item) => isScalar(item))) seq.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function flowText(value: EditValue, style: FlowStyle): string {
  if (style.json) {
    const line = jsonLine(value);
    if (style.unit === null || style.indent.length + line.length <= WIDTH) return line;
    return JSON.stringify(value, null, style.unit).replaceAll("\n", `\n${style.indent}`);
  }
  const document = new Document(value);
  visit(document, { Collection: (_, node) => void (node.flow = true) });
  // A flow cannot hold a block of text: such a string is quoted.
  const isLong = typeof value === "string" && value.includes("\n");
  return isLong ? JSON.stringify(value) : document.toString({ lineWidth: 0, blockQuote: false }).trimEnd();
}

/** One line, with the blanks that formatters put. */
function jsonLine(value: EditValue): string {
  if (Array.isArray(value)) return `[${(value as readonly EditValue[]).map(jsonLine).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).flatMap(([key, held]: [string, EditValue | undefined]) =>
    held === undefined ? [] : [`${JSON.stringify(key)}: ${jsonLine(held)}`],
  );
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1;
const columnOf = (text: string, at: number): number => at - lineStart(text, at);
const lineEndOf = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");

/** Before the line end, or the end of the text. */
function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  if (end === -1) return text.length;
  return end > from && text[end - 1] === "\r" ? end - 1 : end;
}
