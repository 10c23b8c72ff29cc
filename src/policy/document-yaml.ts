import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, Parser } from "yaml";
import type { Document, Pair, ParsedNode, Scalar, YAMLError } from "yaml";
import { MAX_DEPTH, MAX_VALUES, readNumber, tooMany } from "./document.ts";
import type { DocumentNode, Path, Problem, Reading } from "./document.ts";
import { duplicateKey, hiddenKey } from "./document-json.ts";

const DATA = "plain data: mappings, lists, text, whole numbers, true and false";

/**
 * Reads one YAML 1.2 document of plain data by the core schema, with positions. What lets one text mean two things to two
 * readers is a problem: duplicate keys, anchors and aliases, merge keys, tags, directives, a second document.
 */
export function readYaml(text: string): Reading {
  if (nestsTooDeep(text)) return { root: null, problems: [tooDeep([])] };
  if (holdsTooMuch(text)) return { root: null, problems: [tooMany] };
  // Duplicate keys are found below: the package compares each key with all before it, which a large file makes slow.
  const composer = new Composer({ version: "1.2", schema: "core", uniqueKeys: false, prettyErrors: false });
  const documents = withoutTraces((): Document.Parsed[] => [...composer.compose(new Parser().parse(text))]);
  const errors = documents.flatMap(({ errors }) => errors);
  const syntax = firstOfEachLine(errors, text).map(syntaxProblem);
  if (syntax.length > 0) return { root: null, problems: syntax };
  const [document, second] = documents;
  if (document === undefined || isEmpty(document)) {
    return {
      root: null,
      problems: [{ path: [], message: "the file holds no policy", expected: "a mapping with `version: 1`" }],
    };
  }
  const reader = new YamlReader();
  const root = reader.read(document.contents, [], 0);
  const problems = [...directiveProblems(document), ...reader.problems];
  if (second !== undefined) {
    const offset = second.range[0];
    problems.push({ path: [], offset, message: "a second document starts here", expected: "one document a file" });
  }
  return { root, problems };
}

/**
 * The package recurses, and close to the end of the stack V8 may end the process instead of throwing. Blocks nest by
 * indentation, by `- ` and by `a: a: ` in one line, which is no YAML and still read, flows by brackets; counted in quotes
 * and comments, too, which no policy has that many of.
 */
function nestsTooDeep(text: string): boolean {
  if (/^[ \t?:-]{200}/m.test(text)) return true;
  let marks = 0;
  for (const [found] of text.matchAll(/\n|[?:-][ \t]/g)) {
    marks = found === "\n" ? 0 : marks + 1;
    if (marks > 1000) return true;
  }
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = Math.max(0, depth + (bracket === "[" || bracket === "{" ? 1 : -1));
    if (depth > 100) return true;
  }
  return false;
}

/** A policy's values take five tokens each, or a few more; the package keeps every token. */
const MAX_TOKENS = 10 * MAX_VALUES;

/** Short texts are not read twice. */
function holdsTooMuch(text: string): boolean {
  if (text.length <= MAX_TOKENS) return false;
  const tokens = new Lexer().lex(text);
  for (let count = 0; count <= MAX_TOKENS; count += 1) if (tokens.next().done === true) return false;
  return true;
}

/** The package makes an Error of whatever it objects to; their stacks would take ten times what the text does. */
function withoutTraces<T>(body: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return body();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const isEmpty = ({ contents }: Document.Parsed): boolean =>
  contents === null || (isScalar(contents) && contents.value === null && contents.source === "");

/** After one error the parser finds its echoes. */
function firstOfEachLine(errors: readonly YAMLError[], text: string): readonly YAMLError[] {
  return errors.filter(({ pos: [offset] }, index) => {
    const before = errors[index - 1]?.pos[0];
    return before === undefined || text.slice(before, offset).includes("\n");
  });
}

const syntaxProblem = (error: YAMLError): Problem => ({
  path: [],
  offset: error.pos[0],
  message: `not valid YAML: ${error.message}`,
  expected: "YAML 1.2 or JSON",
});

const tooDeep = (path: Path): Problem => ({
  path,
  message: "nested too deep",
  expected: `at most ${MAX_DEPTH} levels`,
  spoilt: true,
});

/** `%YAML 1.1` would change what `no` means, `%TAG` what a tag means; the package warns of those it does not know. */
function directiveProblems({ directives, warnings }: Document.Parsed): readonly Problem[] {
  const changed =
    directives.yaml.explicit === true ||
    Object.keys(directives.tags).some((handle) => handle !== "!!") ||
    warnings.some(({ code }) => code === "BAD_DIRECTIVE");
  return changed
    ? [{ path: [], message: "YAML directives are not allowed", expected: "no line that starts with %" }]
    : [];
}

class YamlReader {
  readonly problems: Problem[] = [];

  read(node: ParsedNode | null, path: Path, offset: number): DocumentNode {
    if (node === null) return { value: null, offset, children: null };
    if (path.length > MAX_DEPTH) {
      this.problems.push(tooDeep(path));
      return { value: null, offset, children: null };
    }
    this.#refuseIndirection(node, path);
    if (isMap(node)) return this.#readMap(node.items, path, offset);
    if (isSeq(node)) return this.#readList(node.items, path, offset);
    return { value: isScalar(node) ? scalarValue(node) : undefined, offset, children: null };
  }

  #readMap(items: readonly ParsedPair[], path: Path, offset: number): DocumentNode {
    const value: Record<string, unknown> = {};
    const children = new Map<string, DocumentNode>();
    for (const { key: keyNode, value: valueNode } of items) {
      const keyOffset = keyNode.range[0];
      if (!isScalar(keyNode)) {
        this.problems.push({ path, offset: keyOffset, message: "a key is not plain text", expected: "text as a key" });
        continue;
      }
      this.#refuseIndirection(keyNode, path);
      const key = keyNode.type === "PLAIN" ? keyNode.source : String(keyNode.value);
      const at = [...path, key];
      const child = this.read(valueNode, at, keyOffset);
      if (children.has(key)) this.problems.push(duplicateKey(at, keyOffset));
      else if (key === "<<") this.problems.push(notPlain(at, "merge keys (<<)", keyOffset));
      else if (key === "__proto__") this.problems.push(hiddenKey(at, keyOffset));
      else value[key] = child.value;
      children.set(key, children.get(key) ?? child);
    }
    return { value, offset, children };
  }

  #readList(items: readonly ParsedNode[], path: Path, offset: number): DocumentNode {
    const nodes = items.map((item, index) => this.read(item, [...path, index], item.range[0]));
    return { value: nodes.map(({ value }) => value), offset, children: new Map(nodes.entries()) };
  }

  #refuseIndirection(node: ParsedNode, path: Path): void {
    const offset = node.range[0];
    if (isAlias(node)) this.problems.push(notPlain(path, "aliases (*)", offset));
    else if (node.anchor !== undefined) this.problems.push(notPlain(path, "anchors (&)", offset, false));
    if (node.tag !== undefined) this.problems.push(notPlain(path, "tags (!)", offset));
  }
}

/** The core schema has no times: they stay text, as ids do that look like numbers. */
function scalarValue({ type, source, value }: Scalar.Parsed): unknown {
  return type === "PLAIN" && typeof value === "number" ? readNumber(source) : value;
}

type ParsedPair = Pair<ParsedNode, ParsedNode | null>;

const notPlain = (path: Path, what: string, offset: number, spoilt = true): Problem => ({
  path,
  offset,
  message: `${what} are not allowed`,
  expected: DATA,
  spoilt,
});
