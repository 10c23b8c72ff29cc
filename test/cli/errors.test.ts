import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createProgram } from "../../src/cli/commands.ts";
import { completionTree, everyVerb } from "../../src/cli/completion/tree.ts";

const verbs = everyVerb(completionTree(createProgram(() => undefined)));
/** As a command says it; the hooks' own way is test/unit/cli/failure.test.ts's. */
const LINE = /^signpolicy: (?:error|hint): (?![A-Z][a-z]).*[^.\s]$/;

describe("every command tells what is wrong in the same voice", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "errors-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (words: readonly string[]) =>
    spawnSync(process.execPath, [resolve("dist/signpolicy.cjs"), ...words], {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", HOME: folder, GIT_CEILING_DIRECTORIES: folder },
      encoding: "utf8",
    });
  const expectVoice = (stderr: string): void => {
    const lines = stderr.trimEnd().split("\n");
    expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
    expect(lines[0]).toMatch(/^signpolicy: error: /);
  };

  it.each(verbs.map(({ path }) => path).filter((path) => !/^(?:hook$|help$|.* help$)/.test(path)))(
    "'%s' of an option that it does not have (2)",
    (path) => {
      const { status, stdout, stderr } = run([...path.split(" "), "--nonsense"].filter((word) => word !== ""));
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expectVoice(stderr);
      expect(stderr).toMatch(/^signpolicy: hint: see '(?:node \S+\/)?signpolicy/m);
    },
  );

  it.each([
    ["no repository", ["verify"], 3],
    ["a folder that is not there", ["-C", "nowhere", "verify"], 2],
    ["a time that is none", ["verify", "--at", "yesterday"], 2],
    ["two policies", ["verify", "--policy", "a", "--policy-ref", "b"], 2],
    ["a policy file that is not there", ["policy", "check", "missing.yaml"], 2],
    ["an object that is not named", ["explain"], 2],
    ["an unknown command", ["verfy"], 2],
    ["an unknown shell", ["completion", "tcsh"], 2],
    ["an unknown manager", ["install", "--via", "magic"], 2],
    ["too much", ["completion", "bash", "zsh"], 2],
    ["no record", ["record", "show"], 3],
  ] as const)("of %s", (_, words, code) => {
    const { status, stderr } = run(words);
    expectVoice(stderr);
    expect(status).toBe(code);
  });
});
