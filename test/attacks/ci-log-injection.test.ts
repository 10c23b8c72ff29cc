import { describe, expect, it } from "@jest/globals";
import type { RefName } from "../../src/model.ts";
import { createHookRenderer } from "../../src/report/hook.ts";
import { createRenderer } from "../../src/report/index.ts";
import { decision, render, reportHead } from "../support/reports.ts";
import { sarifErrors, xmlTexts } from "../support/schemas.ts";

// A commit's title, an e-mail or a branch name reaches a log of CI, and the program that reads the log obeys it: masks a
// secret away, sets a variable for the next step, moves an annotation to a file, closes an element or shows a link of its
// own. The renderers must stop it (report/), whatever the platform.
const plain = { colour: false, verbose: true, quiet: false };

const reportOf = (text: string) => ({
  head: reportHead([`the branch ${text}`]),
  decisions: [
    decision("a1", {
      subject: { kind: "ref", oid: decision("a1", {}).subject.oid, ref: `refs/heads/${text}` as RefName },
      findings: [
        // Folded at column 100, so that the stranger's word begins a line.
        { code: "identity-mismatch", severity: "error", rule: null, message: `${"x".repeat(95)} ${text}`, hint: text },
      ],
      shown: { title: text, author: text, committer: text },
    }),
  ],
});

const COMMANDS = [
  "::set-output name=secret::1",
  "  ::stop-commands::x",
  "x\n::add-mask::y",
  "x\r\n::error file=app.js,line=1::all is well",
  "##[add-path]/tmp/evil",
  "fix ##[group]x",
  "##vso[task.setvariable variable=PATH]/tmp/evil",
  "x ##VSO[task.complete result=Succeeded;]done",
  "##teamcity[buildStatus status='SUCCESS']",
  "\u001b]8;;http://evil.example\u0007click",
  "section_start:1:x\r\u001b[0K",
] as const;

describe("log injection by what a commit says", () => {
  it.each(
    COMMANDS.flatMap((text) =>
      (["text", "json", "sarif", "junit", "gitlab", "github", "markdown"] as const).map((format) => ({ format, text })),
    ),
  )("$format gives a log no command of $text", ({ format, text }) => {
    const lines = render(createRenderer(format, plain), reportOf(text)).split("\n");
    const ours = /^::(?:error|warning) title=signpolicy%3A [a-z-]+::/;
    const commands = lines.filter((line) => line.trimStart().startsWith("::") && !ours.test(line));
    expect(commands).toEqual([]);
    expect(lines.filter((line) => /##[a-z]*\[/i.test(line))).toEqual([]);
    expect(lines.filter((line) => /[\0-\x1f\x7f-\x9f]/.test(line))).toEqual([]);
  });

  it("hooks print none either, where a push comes from a job", () => {
    const message = render(createHookRenderer({ stage: "push", gitlab: true }), reportOf("##vso[task.complete]x"));
    expect(message).not.toMatch(/##[a-z]*\[/i);
  });

  it("a title that merely looks like one is shown as it is", () => {
    for (const title of ["fix std::string", "## heading", "issue ##12", "a::b"])
      expect(render(createRenderer("text", plain), reportOf(title))).toContain(`"${title}"`);
  });

  it("an annotation keeps its own title and file", () => {
    const log = render(createRenderer("github", plain), reportOf("a,file=app.js,line=1::b%0A::error::c"));
    const [annotation, ...others] = log.split("\n").filter((line) => line.startsWith("::"));
    expect(others).toEqual([]);
    expect(annotation).toMatch(/^::error title=signpolicy%3A identity-mismatch::/);
    expect(annotation).toContain("%250A");
  });
});

describe("markup injection by what a commit says", () => {
  it("junit keeps elements, attributes and entities apart from text", () => {
    const text = `"/><testcase name="ok"/><!-- ]]> &amp; &#x3c;`;
    const xml = render(createRenderer("junit", plain), reportOf(text));
    expect(xmlTexts(xml, "//testcase/@name")).toHaveLength(1);
    expect(xmlTexts(xml, "//testcase/@name")[0]).toContain(text);
    expect(xmlTexts(xml, "//comment()")).toEqual([]);
  });

  it("junit has no document type that could name an entity", () => {
    expect(
      render(createRenderer("junit", plain), reportOf('<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/passwd">]>&b;')),
    ).not.toContain("<!");
  });

  it("markdown shows it in code: no link, no image, no HTML, no heading", () => {
    const text = "`` ` [ok](http://evil.example) ![](http://evil.example/x.png) <img src=x> @team";
    const page = render(createRenderer("markdown", plain), reportOf(text));
    // The fence is longer than any run of backticks inside, so nothing ends it.
    expect(page).toContain("``` ref a1a1a1a1a1a1 refs/heads/");
    expect(page.split("\n").filter((line) => line.startsWith("#")).length).toBe(2);
  });

  it("sarif shows braces and brackets, and neither fills a placeholder nor makes a link", () => {
    const log = render(createRenderer("sarif", plain), reportOf("[ok](http://evil.example) {0} \\[x]"));
    expect(sarifErrors(log)).toEqual([]);
    const { runs } = JSON.parse(log) as { runs: { results: { message: { text: string } }[] }[] };
    const text = runs[0]?.results[0]?.message.text ?? "";
    expect(text).toContain("\\[ok\\](http://evil.example) {{0}} \\\\\\[x\\]");
    expect(text).not.toMatch(/(?<!\\)\[|(?<!\{)\{(?!\{)/);
  });
});
