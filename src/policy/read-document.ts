import type { Bytes } from "../model.ts";
import { PolicyDocument } from "./document.ts";
import type { Path, Problem, Reading } from "./document.ts";
import { readJson } from "./document-json.ts";

/** Until a policy can say otherwise; also what reading one from a disk or a tree allows. */
export const POLICY_BYTES = 4 * 1024 * 1024;

/** A policy file as data. `base` leads to the policy in it; with problems that spoil all of it `readable` is false. */
export interface ReadDocument {
  readonly document: PolicyDocument;
  readonly base: Path;
  readonly problems: readonly Problem[];
  readonly readable: boolean;
}

/**
 * Reads YAML or JSON, whatever the file's name says; of package.json only the member named, and only as JSON. Never
 * throws for what the bytes are. Loads the `yaml` package only for text that is not JSON.
 */
export async function readDocument(bytes: Bytes, file: string, member?: string): Promise<ReadDocument> {
  const base = member === undefined ? [] : [member];
  const text = bytes.length > POLICY_BYTES ? "" : decode(bytes);
  if (text === null || bytes.length > POLICY_BYTES) {
    const problem =
      text === null
        ? { path: [], message: "the file is not UTF-8 text", expected: "YAML or JSON in UTF-8" }
        : { path: [], message: `the file holds ${bytes.length} bytes`, expected: `at most ${POLICY_BYTES} bytes` };
    return { document: new PolicyDocument(file, "", null), base, problems: [problem], readable: false };
  }
  const reading = await readText(text, member);
  const document = new PolicyDocument(file, text, reading.root);
  const problems = [...controlProblems(text), ...reading.problems.filter(({ path }) => concerns(path, member))];
  return { document, base, problems, readable: reading.root !== null };
}

async function readText(text: string, member: string | undefined): Promise<Reading> {
  const json = /^\s*\{/.test(text) ? readJson(text) : null;
  if (json !== null) return json;
  if (member !== undefined) {
    return { root: null, problems: [{ path: [], message: "not valid JSON", expected: "a JSON object" }] };
  }
  const { readYaml } = await import("./document-yaml.ts");
  return readYaml(text);
}

/** Null where the bytes are no UTF-8: two readers would make two texts of them. */
function decode(bytes: Bytes): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** YAML 1.2 §5.1 and RFC 8259 §7 do not allow them as such; the parsers do. */
function controlProblems(text: string): readonly Problem[] {
  const offset = text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/);
  if (offset === -1) return [];
  return [{ path: [], offset, message: "holds a control character", expected: "text without control characters" }];
}

/** What else a package.json holds is npm's business. */
const concerns = (path: Path, member: string | undefined): boolean =>
  member === undefined || path.length === 0 || path[0] === member;
