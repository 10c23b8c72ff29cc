// Every sentence that somebody reads who is refused, warned or told, with what is said to mend it, found in src/ by its syntax.
// docs/messages.md is written from it (scripts/gen.mjs), and test/unit/words.test.ts holds all of them to one voice: each stands
// where it is said, and all in one place.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));

/** What a value of the moment is shown as. */
const VALUE = "…";
/** Files that hold sentences and nothing else. */
const SENTENCES = /(?:^|[/-])(?:messages|words)\.ts$/;
const ERRORS = /^(?:\w+Error|SignpolicyError)$/;
const SAYS = ["message", "why", "detail"];
const MENDS = ["hint", "fix", "expected"];
/** Functions of doctor's that make a row of an id, a reason and a command. */
const ROWS = new Set(["pass", "warn", "fail", "row", "advise"]);
/** More would not be read: a sentence with three choices in it is shown with values in their place. */
const MOST = 6;

/**
 * Words that stand in a page of their own: help and examples (the manual page), fields of the policy (docs/policy-reference.md),
 * what codes mean (docs/codes.md), the page for auditors (docs/report.md), completion, the questions of the wizard, and the
 * comments of the policy that `init` writes.
 */
const ELSEWHERE =
  /^(?:cli\/(?:completion\/.*|examples|hook-help|layout|wizard)|policy\/(?:fields|key-schema|schema|json-schema)|report\/(?:audit\/.*|code-titles)|check\/init-text)\.ts$/;
/** Calls whose texts are help, or are handed to a program. */
const HELP =
  /\.(?:description|summary|option|requiredOption|argument|addHelpText|helpOption|helpCommand|usage)$|^(?:new )?Option$/;

const isSentence = (text) => /[A-Za-z`'"\])…]{2,}[,;:)]? [A-Za-z`'"(…-]/.test(text);
/** Standing alone, fewer words are a part of something that is said. */
const standsAlone = (text) =>
  text.split(/\s+/).filter((word) => /^\W*[a-z]{2,}/.test(word)).length >= 4 && !/[\n{}\\]|^\(\?|^ | $/.test(text);

/** The texts that an expression may come to; only `…` where it is a value. */
class Reader {
  #declared = new Map();
  read = new Set();

  constructor(source) {
    const visit = (node) => {
      if (ts.isVariableDeclaration(node) && node.initializer !== undefined) this.#declare(node.name, node.initializer);
      if (ts.isFunctionDeclaration(node) && node.name !== undefined) this.#declare(node.name, node);
      if (ts.isParameter(node)) this.#declare(node.name, null);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }

  /** A name that stands for several things in a file is a value. */
  #declare(name, value) {
    if (ts.isIdentifier(name)) this.#declared.set(name.text, this.#declared.has(name.text) ? null : value);
  }

  texts(node, depth = 0) {
    if (node === undefined || node === null || depth > 6) return [VALUE];
    if (ts.isStringLiteralLike(node)) {
      this.read.add(node);
      return [node.text];
    }
    const inner = (one) => this.texts(one, depth + 1);
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node))
      return inner(node.expression);
    if (ts.isConditionalExpression(node)) return union(inner(node.whenTrue), inner(node.whenFalse));
    if (ts.isTemplateExpression(node)) {
      this.read.add(node);
      return node.templateSpans.reduce(
        (texts, span) => joined(joined(texts, inner(span.expression)), [span.literal.text]),
        [node.head.text],
      );
    }
    if (ts.isBinaryExpression(node)) {
      if (node.operatorToken.kind === ts.SyntaxKind.PlusToken) return joined(inner(node.left), inner(node.right));
      if ([ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.BarBarToken].includes(node.operatorToken.kind))
        return union(inner(node.left), inner(node.right));
      return [VALUE];
    }
    if (ts.isIdentifier(node)) return node.text === "undefined" ? [] : inner(this.#declared.get(node.text));
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      if (node.expression.text === "bytesOf") return inner(node.arguments[0]);
      const called = this.#declared.get(node.expression.text);
      return called === undefined || called === null ? [VALUE] : union(...returned(called).map(inner));
    }
    return [VALUE];
  }
}

const union = (...lists) => [...new Set(lists.flat())];

/** Two parts one behind the other, in every way there is; where there are too many, with a value in place of the second. */
function joined(before, after) {
  if (before.length * after.length > MOST) return before.map((text) => text + VALUE);
  return before.flatMap((text) => after.map((next) => text + next));
}

/** What a function or the body of an arrow gives back. */
function returned(node) {
  if (!ts.isFunctionLike(node)) return [];
  if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) return [node.body];
  const found = [];
  const visit = (inner) => {
    if (ts.isReturnStatement(inner) && inner.expression !== undefined) found.push(inner.expression);
    if (!ts.isFunctionLike(inner)) ts.forEachChild(inner, visit);
  };
  if (node.body !== undefined) ts.forEachChild(node.body, visit);
  return found;
}

const propertyOf = (node, names) => {
  if (node === undefined || !ts.isObjectLiteralExpression(node)) return undefined;
  for (const property of node.properties) {
    if (!names.includes(property.name?.getText())) continue;
    if (ts.isPropertyAssignment(property)) return property.initializer;
    if (ts.isShorthandPropertyAssignment(property)) return property.name;
  }
  return undefined;
};

/** The sentence and what mends it, where a node says one; null for anything else. */
function saidBy(node, file, taken) {
  if (ts.isNewExpression(node) && ERRORS.test(node.expression.getText())) {
    const given = node.arguments ?? [];
    const says = given.filter((one) => !ts.isObjectLiteralExpression(one) && !/^"ERR_/.test(one.getText()));
    const options = given.find((one) => propertyOf(one, ["hint"]) !== undefined);
    taken.add(options);
    return { kind: "error", says, mends: propertyOf(options, ["hint"]) };
  }
  if (ts.isObjectLiteralExpression(node) && !taken.has(node)) {
    const says = propertyOf(node, SAYS);
    const mends = propertyOf(node, MENDS);
    return says === undefined && mends === undefined ? null : { kind: "finding", says: [says].filter(Boolean), mends };
  }
  if (ts.isCallExpression(node) && /^check\/doctor-/.test(file) && ROWS.has(node.expression.getText())) {
    const [, why, fix] =
      node.arguments.length === 2 && node.expression.getText() === "advise"
        ? [null, ...node.arguments]
        : node.arguments;
    return { kind: "row", says: [why].filter(Boolean), mends: fix };
  }
  if (SENTENCES.test(file) && ts.isVariableDeclaration(node) && node.initializer !== undefined) {
    const says = ts.isFunctionLike(node.initializer) ? returned(node.initializer) : [node.initializer];
    return { kind: "sentence", says, mends: undefined };
  }
  return null;
}

const isHelp = (node) =>
  (ts.isCallExpression(node) || ts.isNewExpression(node)) && HELP.test(node.expression.getText());

/** All that one file of src/ says, in its order: `says` and `mends` are lists of what may be said, `…` for each value. */
export function messagesOf(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const reader = new Reader(source);
  const taken = new Set();
  const found = [];
  const lineOf = (node) => source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
  const visit = (node) => {
    const said = saidBy(node, file, taken);
    if (said !== null) {
      const says = union(...said.says.map((one) => reader.texts(one))).filter(isSentence);
      const mends =
        said.mends === undefined ? [] : reader.texts(said.mends).filter((one) => one !== VALUE && one !== "");
      if (says.length > 0 || mends.some(isSentence))
        found.push({ file, line: lineOf(node), kind: said.kind, says, mends });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  const look = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || isHelp(node)) return;
    if ((ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) && !reader.read.has(node)) {
      const says = reader.texts(node).filter(standsAlone);
      if (says.length > 0) found.push({ file, line: lineOf(node), kind: "text", says, mends: [] });
    }
    ts.forEachChild(node, look);
  };
  look(source);
  return found.sort((a, b) => a.line - b.line);
}

/** All of src/, but for what stands elsewhere. */
export const allMessages = () =>
  readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts") && !ELSEWHERE.test(file))
    .sort()
    .flatMap((file) => messagesOf(file, readFileSync(join(SOURCES, file), "utf8")));

const PARTS = [
  ["cli", "What commands say", ""],
  ["policy", "What rules and the policy's reader say", ""],
  ["signature", "What signatures and keys say", "A finding quotes it, with its code before it ([codes.md](codes.md))."],
  ["subject", "What is wrong with an object's bytes", "It follows the object's name, under the code `malformed`."],
  ["encoding", "What is wrong with encoded text", "It follows the name of what was read."],
  ["check", "What judging, setting up and looking after say", ""],
  ["io", "What git, files and the network say", ""],
  ["report", "What reports say beside their findings", ""],
];

const INTRODUCTION = `# Every message

What signpolicy says to whoever is refused, warned or told something, all in one place, written from the source by \`npm run gen\`.
\`…\` stands for a name, a number or another sentence of this page. What to do about the frequent ones is in
[troubleshooting.md](troubleshooting.md), what each code means in [codes.md](codes.md), what \`doctor\` looks at in
[doctor.md](doctor.md). Headings are the files of \`src/\` in which the words stand, each beside what they are said of.
`;

/** Outside of code, what Markdown would read for itself; in a table a bar ends the cell even there. */
const cell = (text) =>
  text
    .split(/(`[^`]+`)/)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(/[\\`*_<>[\]~]/g, "\\$&")))
    .join("")
    .replaceAll("|", "\\|")
    .replaceAll("\n", " ")
    .trim();

function table(messages) {
  const rows = messages.map(
    ({ says, mends }) => `| ${says.map(cell).join("<br>")} | ${mends.map(cell).join("<br>")} |`,
  );
  return ["| message | what mends it |", "| --- | --- |", ...new Set(rows)].join("\n");
}

function renderPart([folder, title, about], messages) {
  const own = messages.filter(({ file }) => file.startsWith(`${folder}/`));
  const sections = [...new Set(own.map(({ file }) => file))].map(
    (file) => `### \`${file}\`\n\n${table(own.filter((one) => one.file === file))}\n`,
  );
  return [`## ${title}\n`, ...(about === "" ? [] : [`${about}\n`]), ...sections].join("\n");
}

export function renderMessages(messages = allMessages()) {
  return [INTRODUCTION, ...PARTS.map((part) => renderPart(part, messages))].join("\n");
}
