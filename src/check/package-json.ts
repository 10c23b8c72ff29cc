/**
 * Edits `scripts.prepare` in the text of a package.json. Only the bytes of that entry change: indentation, order, line
 * ends, a byte order mark and the lack of a last line end stay as their owner left them.
 */
import { SignpolicyError } from "../errors.ts";

interface Member {
  readonly key: string;
  readonly start: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly end: number;
}

/** An object's members, and where its braces are. */
interface ObjectText {
  readonly open: number;
  readonly close: number;
  readonly members: readonly Member[];
}

/**
 * The `prepare` script, null where there is none.
 *
 * @throws SignpolicyError ERR_INSTALL when the text is not a JSON object, or `scripts` or `prepare` are of another kind
 */
export function readPrepare(text: string): string | null {
  const scripts = findScripts(text);
  const prepare = scripts?.members.find((member) => member.key === "prepare");
  if (prepare === undefined) return null;
  const value: unknown = JSON.parse(text.slice(prepare.valueStart, prepare.end));
  if (typeof value !== "string") throw notUsable("`scripts.prepare` is not a text");
  return value;
}

/**
 * Sets the `prepare` script.
 *
 * @throws SignpolicyError ERR_INSTALL as `readPrepare`
 */
export function writePrepare(text: string, command: string): string {
  readPrepare(text);
  const value = JSON.stringify(command);
  const top = topObject(text);
  const scripts = findScripts(text);
  if (scripts === null) {
    const outer = leadOf(text, top, "\n  ");
    const inner = outer.includes("\n") ? outer + unitOf(outer) : "";
    const colon = colonOf(text, top);
    const close = outer.includes("\n") ? outer : "";
    return addMember(text, top, `"scripts"${colon}{${inner}"prepare"${colon}${value}${close}}`, outer);
  }
  const prepare = scripts.members.find((member) => member.key === "prepare");
  if (prepare !== undefined) return text.slice(0, prepare.valueStart) + value + text.slice(prepare.end);
  const outer = leadOf(text, top, "\n  ");
  const lead = leadOf(text, scripts, outer.includes("\n") ? outer + unitOf(outer) : "");
  return addMember(text, scripts, `"prepare"${colonOf(text, top)}${value}`, lead, outer.includes("\n") ? outer : "");
}

/** Takes the `prepare` script out, and `scripts` with it when nothing else is in there. */
export function removePrepare(text: string): string {
  const top = topObject(text);
  const scripts = findScripts(text);
  const prepare = scripts?.members.find((member) => member.key === "prepare");
  if (scripts === null || prepare === undefined) return text;
  if (scripts.members.length > 1) return removeMember(text, scripts, prepare);
  const holder = top.members.find((member) => member.key === "scripts");
  return holder === undefined ? text : removeMember(text, top, holder);
}

/** What stands in `dependencies`, `devDependencies` and their like, by name. */
export function dependenciesOf(text: string): ReadonlyMap<string, unknown> {
  topObject(text);
  const data = JSON.parse(withoutMark(text)) as Record<string, unknown>;
  const kinds = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
  return new Map(kinds.flatMap((kind) => Object.entries(data[kind] ?? {})));
}

const withoutMark = (text: string): string => text.replace(/^(?:\uFEFF|\xEF\xBB\xBF)/, "");

function notUsable(message: string): SignpolicyError {
  return new SignpolicyError("ERR_INSTALL", `package.json: ${message}`, { hint: "mend package.json, then try again" });
}

function topObject(text: string): ObjectText {
  let data: unknown;
  try {
    data = JSON.parse(withoutMark(text));
  } catch (cause) {
    throw new SignpolicyError("ERR_INSTALL", "package.json is not JSON", {
      hint: "mend package.json, then try again",
      cause,
    });
  }
  if (typeof data !== "object" || data === null || Array.isArray(data)) throw notUsable("not an object");
  return scanObject(text, text.indexOf("{"));
}

function findScripts(text: string): ObjectText | null {
  const holders = topObject(text).members.filter((member) => member.key === "scripts");
  const holder = holders[0];
  if (holder === undefined) return null;
  // JSON.parse keeps the last of two, a reader the first: which one npm runs must not be a guess.
  if (holders.length > 1) throw notUsable("`scripts` stands there twice");
  if (text[holder.valueStart] !== "{") throw notUsable("`scripts` is not an object");
  const scripts = scanObject(text, holder.valueStart);
  if (scripts.members.filter((member) => member.key === "prepare").length > 1) {
    throw notUsable("`scripts.prepare` stands there twice");
  }
  return scripts;
}

/** Walks an object of a text that `JSON.parse` accepts. */
function scanObject(text: string, open: number): ObjectText {
  const members: Member[] = [];
  let at = skipSpace(text, open + 1);
  while (text[at] !== "}") {
    const start = at;
    const keyEnd = skipString(text, at);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, valueStart);
    members.push({ key: JSON.parse(text.slice(start, keyEnd)) as string, start, keyEnd, valueStart, end });
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return { open, close: at, members };
}

function skipSpace(text: string, at: number): number {
  while (/[ \t\r\n]/.test(text[at] ?? "")) at += 1;
  return at;
}

function skipString(text: string, at: number): number {
  for (at += 1; text[at] !== '"'; at += 1) if (text[at] === "\\") at += 1;
  return at + 1;
}

function skipValue(text: string, at: number): number {
  let depth = 0;
  for (;;) {
    const char = text[at] ?? "";
    if (char === '"') at = skipString(text, at);
    else {
      if ("{[".includes(char)) depth += 1;
      if (depth === 0 && /[,}\]\s]/.test(char)) return at;
      if ("}]".includes(char)) depth -= 1;
      at += 1;
    }
    if (depth === 0 && /["}\]]/.test(text[at - 1] ?? "")) return at;
  }
}

/** White space before an object's last member; `fallback` in an empty one. */
function leadOf(text: string, object: ObjectText, fallback: string): string {
  const last = object.members.at(-1);
  if (last === undefined) return fallback;
  const before = object.members.at(-2)?.end ?? object.open;
  return text.slice(before, last.start).replace(/^\s*[,{]/, "");
}

const unitOf = (lead: string): string => lead.replace(/^[^\n]*\n/, "") || "  ";

function colonOf(text: string, object: ObjectText): string {
  const member = object.members[0];
  return member === undefined ? ": " : text.slice(member.keyEnd, member.valueStart);
}

function addMember(text: string, object: ObjectText, member: string, lead: string, close = "\n"): string {
  const last = object.members.at(-1);
  if (last !== undefined) return `${text.slice(0, last.end)},${lead}${member}${text.slice(last.end)}`;
  return `${text.slice(0, object.open + 1)}${lead}${member}${close}${text.slice(object.close)}`;
}

function removeMember(text: string, object: ObjectText, member: Member): string {
  const at = object.members.indexOf(member);
  const before = object.members[at - 1];
  const after = object.members[at + 1];
  if (before !== undefined) return text.slice(0, before.end) + text.slice(member.end);
  if (after !== undefined) return text.slice(0, member.start) + text.slice(after.start);
  return text.slice(0, object.open + 1) + text.slice(object.close);
}
