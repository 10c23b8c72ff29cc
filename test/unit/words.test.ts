/**
 * Why: a sentence that a person reads when something went wrong stands after `signpolicy: error:` or `hint:`, in one voice:
 * lower case, no final period. This test reads every such sentence in src/: those of errors, findings and hints, and those
 * of the files that hold nothing else.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import ts from "typescript";

const SENTENCES = /(?:^|[/-])(?:messages|words)\.ts$/;
const ERRORS = /^(?:\w+Error|SignpolicyError)$/;
const FIELDS = new Set(["message", "hint", "expected", "detail"]);

interface Sentence {
  readonly file: string;
  readonly text: string;
}

/** The text of a string or template, `…` for each value; null for anything else. */
function textOf(node: ts.Expression): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textOf(node.left), textOf(node.right)];
    return left === null && right === null ? null : `${left ?? "…"}${right ?? "…"}`;
  }
  return null;
}

function sentencesOf(file: string): readonly Sentence[] {
  const found: Sentence[] = [];
  const add = (node: ts.Expression): void => {
    const text = textOf(node);
    if (text !== null && text.includes(" ")) found.push({ file, text });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && ERRORS.test(node.expression.getText())) node.arguments?.forEach(add);
    if (ts.isPropertyAssignment(node) && FIELDS.has(node.name.getText())) add(node.initializer);
    if (ts.isVariableDeclaration(node) && SENTENCES.test(file) && node.initializer !== undefined) {
      add(
        ts.isArrowFunction(node.initializer) && !ts.isBlock(node.initializer.body)
          ? node.initializer.body
          : node.initializer,
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join("src", file), "utf8"), ts.ScriptTarget.Latest, true));
  return found;
}

const sentences = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap(sentencesOf);

describe("sentences", () => {
  it("are found in numbers", () => {
    expect(sentences.length).toBeGreaterThan(400);
  });

  it("begin in lower case, unless with a name", () => {
    expect(
      sentences.filter(({ text }) => /^[A-Z][a-z]/.test(text) && !/^(?:OpenPGP|Signed-off-by|Git[A-Z])/.test(text)),
    ).toEqual([]);
  });

  it("end without a period", () => {
    expect(sentences.filter(({ text }) => /\w\.$/.test(text))).toEqual([]);
  });

  it("of errors that the command line throws stand in its messages", () => {
    const own = readdirSync(join("src", "cli"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !SENTENCES.test(file))
      .filter((file) =>
        /new (?:\w+Error)\((?:"ERR_\w+", )?(?!"ERR_)["`]/.test(readFileSync(join("src", "cli", file), "utf8")),
      );
    expect(own).toEqual([]);
  });

  it("are one line each", () => {
    expect(sentences.filter(({ text }) => /\n./.test(text))).toEqual([]);
  });
});
