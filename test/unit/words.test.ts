/**
 * Why: a sentence that a person reads when something went wrong stands after `signpolicy: error:` or `hint:`, in one voice:
 * lower case, no final period. Each is written once, beside what it is said of, and all of them stand in docs/messages.md
 * (scripts/messages.mjs, which this test reads them by). None is ever read back: what a program must tell apart has a code.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { allMessages, messagesOf, renderMessages } from "../../scripts/messages.mjs";

const messages = allMessages();
const sentences = messages.flatMap(({ file, says, mends }) => [...says, ...mends].map((text) => ({ file, text })));
const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, text: readFileSync(join("src", file), "utf8") }));

const words = (text: string): number => text.split(/\s+/).filter((word) => /^\W*[a-z]{2,}/.test(word)).length;
const COMMAND = /^(?:… )?(?:git|gpg|signpolicy|npm|echo|chmod|ssh-add) /;
/** Names, and the subjects of commits that hold approvals. */
const CAPITALS = /^(?:OpenPGP|OpenSSH|Signed-off-by|Git[A-Z]|Gitea|Azure|Approve|Withdraw)\b/;
/** Reports of their own, help by way of a function, and what only a defect says. */
const LAID_OUT = new Set(
  ["keys", "keys-blast", "keys-report", "policy", "policy-simulate", "report", "tally"].map((name) => `cli/${name}.ts`),
);
const READS_BACK =
  /\.(?:test|exec)\((?:\w+\.)*(?:message|why|detail|stderr)\b|\b(?:message|why|detail)\)?\.(?:startsWith|endsWith|includes|match|search)\(["'`/]/;

describe("sentences", () => {
  it("are found in numbers", () => {
    expect(sentences.length).toBeGreaterThan(1500);
  });

  it("begin in lower case, unless with a name", () => {
    expect(sentences.filter(({ text }) => /^[A-Z][a-z]/.test(text) && !CAPITALS.test(text))).toEqual([]);
  });

  it("end without a period", () => {
    expect(sentences.filter(({ text }) => /\w\.$/.test(text))).toEqual([]);
  });

  it("close no parenthesis behind a command, which hooks put on a line of its own", () => {
    const mends = messages.flatMap(({ mends: texts }) => texts);
    expect(mends.length).toBeGreaterThan(100);
    expect(mends.filter((text) => /: (?:git|signpolicy) [^()]*\)$/.test(text))).toEqual([]);
  });

  it("are one line each", () => {
    expect(sentences.filter(({ text }) => /\n./.test(text))).toEqual([]);
  });

  it("are written once: what two files say, one of them has from the other", () => {
    const byText = new Map<string, Set<string>>();
    for (const { file, text } of sentences) {
      if (words(text) >= 5 && !COMMAND.test(text)) byText.set(text, (byText.get(text) ?? new Set()).add(file));
    }
    expect([...byText].filter(([, files]) => files.size > 1).map(([text, files]) => [text, ...files])).toEqual([]);
  });

  it("are never read back: what must be told apart has a code", () => {
    expect(sources.filter(({ text }) => READS_BACK.test(text)).map(({ file }) => file)).toEqual([]);
    expect(
      ["why.includes(' belongs')", "/no policy/.test(error.message)"].filter((one) => !READS_BACK.test(one)),
    ).toEqual([]);
  });

  it("of the command line stand in its messages; lines of what it prints, where they are laid out", () => {
    const others = messages.filter(({ file }) => file.startsWith("cli/") && !/(?:^|[/-])messages\.ts$/.test(file));
    expect(others.filter(({ kind }) => kind !== "text").map(({ file, says }) => [file, ...says])).toEqual([]);
    expect([...new Set(others.map(({ file }) => file))].filter((file) => !LAID_OUT.has(file))).toEqual([]);
  });
});

describe("the reader of messages", () => {
  const said = (text: string) => messagesOf("check/some.ts", text).map(({ kind, says, mends }) => [kind, says, mends]);

  it("sees errors with their hints, findings, and what is said in another way", () => {
    expect(said('throw new UsageError(`${name} is no key`, { hint: "signpolicy keys list" });')).toEqual([
      ["error", ["… is no key"], ["signpolicy keys list"]],
    ]);
    expect(said('const row = { code: "a", message: bytesOf("this is so"), hint };')).toEqual([
      ["finding", ["this is so"], []],
    ]);
    expect(said('notes.push("nobody was asked about it");')).toEqual([["text", ["nobody was asked about it"], []]]);
  });

  it("follows names and choices to what is said", () => {
    const text = `
      const hint = own ? "ask your own CA" : theirs;
      function why(): string { if (a) return "it is late"; return "it is " + how(); }
      throw new KeyError(why(), { hint });`;
    expect(said(text)).toEqual([["error", ["it is late", "it is …"], ["ask your own CA"]]]);
  });

  it("takes no name for a sentence, and no name that means two things", () => {
    expect(said('const a = { message: code, hint: null }; import "some thing.ts"; f("origin", "--all");')).toEqual([]);
    expect(
      said('const f = () => { const x = "one thing is"; return x; }; const g = (x) => new UsageError(x);'),
    ).toEqual([]);
  });

  it("writes each once, with what Markdown would read for itself escaped", () => {
    const one = { file: "io/a.ts", line: 1, kind: "error", says: ["a | b <c> `d | e`"], mends: ["f *g*"] } as const;
    expect(
      renderMessages([one, one])
        .split("\n")
        .filter((line) => line.startsWith("| a")),
    ).toEqual(["| a \\| b \\<c\\> `d \\| e` | f \\*g\\* |"]);
  });
});
