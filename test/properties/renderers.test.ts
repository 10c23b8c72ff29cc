import { describe, expect } from "@jest/globals";
import fc from "fast-check";
import type { Decision, Fingerprint, ObjectId, RefName } from "../../src/model.ts";
import { createHookRenderer } from "../../src/report/hook.ts";
import { createRenderer } from "../../src/report/index.ts";
import { createJsonRenderer } from "../../src/report/json.ts";
import { createTextRenderer } from "../../src/report/text.ts";
import { itHolds } from "../support/fuzz.ts";
import { decision, render } from "../support/reports.ts";
import type { ReportCase } from "../support/reports.ts";
import { junitErrors } from "../support/schemas.ts";

/** C0 but LF, DEL, C1, direction marks, zero width, line separators, lone surrogates. */
const DANGEROUS = /[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/u;

/** What programs that read logs, XML and Markdown obey. */
const COMMANDS = ["::", "::error::", "##[", "##vso[", "\n::add-mask::", "]]>", "<", "&", "`", "](x)", "{0}", " "];

const nasty = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", ...COMMANDS) }),
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom("\u001b", "\n", "\r", "\u009b", "\u202e", "\u200b", "a", "\u00e2\u0080\u00ae", " ", "\ud800"),
  }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);

const decisions: fc.Arbitrary<Decision> = fc
  .record({
    texts: fc.array(nasty, { minLength: 12, maxLength: 12 }),
    kind: fc.constantFrom("commit" as const, "tag" as const, "ref" as const, "push" as const),
    outcome: fc.constantFrom("verified" as const, "refuted" as const, "absent" as const),
    severity: fc.constantFrom("error" as const, "warning" as const),
    signedAt: fc.oneof(fc.constant(null), fc.double({ noNaN: true })),
  })
  .map(({ texts, kind, outcome, severity, signedAt }) => {
    const text = (i: number) => texts[i] ?? "";
    const claims = { format: "openpgp" as const, issuer: text(0), signedAt };
    const key = { fingerprint: "AB" as Fingerprint, primary: "AB" as Fingerprint, algorithm: "rsa", bits: 4096 };
    return decision("a1", {
      subject: { kind, oid: kind === "push" ? null : ("ab".repeat(20) as ObjectId), ref: text(1) as RefName },
      principal: text(2),
      rules: [text(3)],
      evidence: [
        outcome === "verified"
          ? {
              ...claims,
              outcome,
              signer: { key, principal: text(4) },
              lapsed: { code: "key-expired", detail: text(5) },
            }
          : { ...claims, outcome, code: "malformed", detail: text(5), suspect: text(4) },
      ],
      findings: [
        { code: "malformed", severity, rule: text(6), message: text(7), hint: text(8) },
        { code: "bad-signature", severity, rule: text(9), message: text(7), hint: text(10) },
      ],
      shown: { title: text(11), author: text(2), committer: text(3) },
    });
  });

const reports: fc.Arbitrary<ReportCase> = fc
  .record({ decisions: fc.array(decisions, { maxLength: 4 }), note: nasty, source: nasty })
  .map(({ decisions, note, source }) => ({
    head: {
      schemaVersion: 1,
      tool: { name: "signpolicy", version: "0.1.0" },
      policy: { source, digest: `sha256:${"0".repeat(64)}`, serial: 1 },
      notes: [note],
    },
    decisions,
  }));

const plain = { colour: false, verbose: false, quiet: false };

describe("renderers", () => {
  describe.each([
    ["text", () => createTextRenderer({ colour: false, verbose: false, quiet: false })],
    ["verbose text", () => createTextRenderer({ colour: false, verbose: true, quiet: false })],
    ["json", createJsonRenderer],
    ["sarif", () => createRenderer("sarif", plain)],
    ["junit", () => createRenderer("junit", plain)],
    ["gitlab", () => createRenderer("gitlab", plain)],
    ["github", () => createRenderer("github", plain)],
    ["markdown", () => createRenderer("markdown", plain)],
    ["hook", () => createHookRenderer({ stage: "push", gitlab: true })],
    ["advice", () => createHookRenderer({ stage: "advice", gitlab: false })],
  ])("of %s", (_name, create) => {
    itHolds(
      "never emit what steers a terminal",
      () =>
        fc.property(reports, (report) => {
          expect(render(create(), report)).not.toMatch(DANGEROUS);
        }),
      { runs: 200 },
    );
  });

  itHolds(
    "of json give a document that says all there was, byte for byte where the bytes are UTF-8",
    () =>
      fc.property(reports, (report) => {
        const parsed = JSON.parse(render(createJsonRenderer(), report)) as Record<string, unknown>;
        expect(Object.keys(parsed)).toEqual(["schemaVersion", "tool", "policy", "decisions", "summary"]);
        expect(parsed["decisions"]).toHaveLength(report.decisions.length);
      }),
    { runs: 200 },
  );

  describe.each(["sarif", "gitlab"] as const)("of %s", (format) => {
    itHolds(
      "give JSON",
      () =>
        fc.property(reports, (report) => {
          expect(() => JSON.parse(render(createRenderer(format, plain), report)) as unknown).not.toThrow();
        }),
      { runs: 200 },
    );
  });

  itHolds(
    "of junit give XML that the schema takes",
    () =>
      fc.property(reports, (report) => {
        expect(junitErrors(render(createRenderer("junit", plain), report))).toEqual([]);
      }),
    { runs: 200 },
  );

  describe.each(["text", "json", "sarif", "junit", "gitlab", "github", "markdown"] as const)("of %s", (format) => {
    itHolds(
      "give a log no command but our annotations",
      () =>
        fc.property(reports, (report) => {
          const lines = render(createRenderer(format, plain), report).split("\n");
          const commands = lines.filter((line) => line.trimStart().startsWith("::"));
          if (format !== "github") expect(commands).toEqual([]);
          for (const line of commands) expect(line).toMatch(/^::(?:error|warning) title=signpolicy%3A [^:,]*::/);
          for (const line of lines) expect(line).not.toMatch(/##[a-z]*\[/i);
        }),
      { runs: 200 },
    );
  });

  itHolds(
    "of hooks give lines of at most 72 ASCII characters that start with a label",
    () =>
      fc.property(reports, (report) => {
        const lines = render(createHookRenderer({ stage: "push", gitlab: false }), report).split("\n");
        expect(lines.pop()).toBe("");
        for (const line of lines) expect(line).toMatch(/^(?=.{0,72}$)(?:error|warning|hint): [\x20-\x7e]+$/);
      }),
    { runs: 200 },
  );

  itHolds(
    "of coloured text emit ESC only for colours of their own",
    () =>
      fc.property(reports, (report) => {
        const text = render(createTextRenderer({ colour: true, verbose: true, quiet: false }), report);
        expect(text.replace(/\u001b\[(?:0|3[1-3])m/g, "")).not.toMatch(DANGEROUS);
      }),
    { runs: 200 },
  );
});
