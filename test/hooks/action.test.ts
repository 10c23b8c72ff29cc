/** action.yml and .pre-commit-hooks.yaml: what others name by this repository's address. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { CLIENT_HOOKS } from "../../src/check/hook-lines.ts";
import { CiScene } from "../support/ci.ts";
import { projectRoot } from "../support/clone.ts";
import { actionErrors } from "../support/github-schemas.ts";

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly { readonly run?: string; readonly uses?: string; readonly env: Record<string, string> }[];
  };
}

const action = parse(readFileSync(join(projectRoot, "action.yml"), "utf8")) as Action;

describe("the action", () => {
  let scene: CiScene;
  beforeAll(() => {
    scene = new CiScene();
  });
  afterAll(() => {
    scene.remove();
  });

  /** What a runner does with the step: inputs into variables, then the script. */
  function start(inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>) {
    const [step] = action.runs.steps;
    const given = (name: string) => inputs[name] ?? action.inputs[name]?.default ?? "";
    const variables = Object.fromEntries(
      Object.entries(step?.env ?? {}).map(([name, value]) => [
        name,
        value
          .replace("${{ github.action_path }}", projectRoot)
          .replace(/\$\{\{ inputs\.([\w-]+) \}\}/, (_, input: string) => given(input))
          .replace("${{ github.workspace }}", scene.world.clone.dir),
      ]),
    );
    const { status, stdout, stderr } = scene.world.clone.run("bash", ["-c", step?.run ?? ""], {
      env: { ...env, ...variables },
    });
    return { status, text: `${stdout.toString("utf8")}${stderr}` };
  }

  it("is one by GitHub's own schema, which takes no step without a shell, no unknown way to run and no unknown input", () => {
    const text = readFileSync(join(projectRoot, "action.yml"), "utf8");
    expect(actionErrors(text)).toEqual([]);
    for (const [right, wrong] of [
      ["- shell: bash", "- shel: bash"],
      ["using: composite", "using: composit"],
      ["inputs.by-merge }}", "input.by-merge }}"],
    ] as const) {
      expect(text).toContain(right);
      expect(actionErrors(text.replace(right, wrong))).not.toEqual([]);
    }
    const given = [...text.matchAll(/\$\{\{ inputs\.([\w-]+) \}\}/g)].map(([, name]) => name);
    expect(given.sort()).toEqual(Object.keys(action.inputs).sort());
  });

  it("judges a pull request, denies, and writes reports (unsigned)", () => {
    scene.checkOut(scene.bad);
    const denied = start({ report: "sarif=out.sarif\n\n  junit=out.xml\n" }, scene.pullRequest(scene.bad));
    expect(denied.status).toBe(1);
    expect(denied.text).toMatch(/^::error title=signpolicy%3A unsigned/m);
    for (const file of ["out.sarif", "out.xml"])
      expect(readFileSync(join(scene.world.clone.dir, file), "utf8")).toContain("unsigned");
    scene.checkOut(scene.good);
    expect(start({}, scene.pullRequest(scene.good)).status).toBe(0);
    expect(start({ full: "true" }, scene.pullRequest(scene.good)).status).toBe(1);
    expect(start({ "by-merge": "true" }, scene.pullRequest(scene.good)).text).toContain("as what a merge brings in");
  });

  it("takes an input for a word and never for a script or an option", () => {
    scene.checkOut(scene.good);
    for (const word of ['x"; touch evil; "', "$(touch evil)", "--full --as", "\n--policy=/dev/null"]) {
      const { status } = start({ as: word, "policy-ref": word }, scene.pullRequest(scene.good));
      expect(status).not.toBe(0);
    }
    expect(scene.world.clone.run("ls", []).stdout.toString()).not.toContain("evil");
  });

  it("runs nothing of others, and pastes nothing into its script", () => {
    expect(action.runs.using).toBe("composite");
    for (const step of action.runs.steps) {
      expect(step.uses).toBeUndefined();
      expect(step.run).not.toMatch(/\$\{\{|npx|curl|wget/);
    }
    expect(readFileSync(join(projectRoot, "scripts/action.mjs"), "utf8")).not.toMatch(/npx|npm install|curl/);
  });
});

describe(".pre-commit-hooks.yaml", () => {
  it("has every hook but pre-push, of which pre-commit would hand over one ref alone", () => {
    const hooks = parse(readFileSync(join(projectRoot, ".pre-commit-hooks.yaml"), "utf8")) as {
      id: string;
      entry: string;
      stages: string[];
      pass_filenames: boolean;
    }[];
    expect(hooks.map(({ stages }) => stages)).toEqual(
      CLIENT_HOOKS.filter((hook) => hook !== "pre-push").map((hook) => [hook]),
    );
    for (const { id, entry, stages, pass_filenames } of hooks) {
      expect(entry).toBe(`signpolicy hook ${stages[0] ?? ""}`);
      expect(id).toBe(`signpolicy-${stages[0] ?? ""}`);
      expect(pass_filenames).toBe(false);
    }
  });
});
