/**
 * Attacks 69 and 69a: configuration that runs. cosmiconfig 9, which reads policies here, runs `.config/config.js` of the
 * folder it is constructed in, loads `.js` and `.ts`, follows `$import` and lets `.config/config.json` move its search
 * (measured). io/policy-file.ts must stop all of it; each canary writes a file when it is run.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { filePolicySource, workTreePolicySource } from "../../src/check/file-policy.ts";
import { loadPolicy } from "../../src/check/policy.ts";
import { policyErrorOf, policyText, sshLine, withFolder } from "../support/policy-folder.ts";

const POLICY = policyText({ alice: `[{ ssh: "${sshLine(1)}" }]` });

/** Writes a file at `mark` when it is run, as CommonJS or as a module. */
const canary = (mark: string): string =>
  `(typeof process !== "undefined" && process.getBuiltinModule?.("fs") || require("fs")).writeFileSync(${JSON.stringify(mark)}, "ran");\n`;
const moduleCanary = (mark: string): string =>
  `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(mark)}, "ran");\nexport default {};\n`;

function plant(folder: string, file: string, mark: string): void {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, /\.(?:mjs|mts|ts)$/.test(file) ? moduleCanary(mark) : canary(mark));
}

/** Loads with the folder as the current one, as a hook does. */
async function inside<T>(folder: string, body: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return await body();
  } finally {
    expect(process.cwd()).toBe(folder);
    process.chdir(before);
  }
}

describe("attack 69a: cosmiconfig's own configuration in the judged repository", () => {
  it.each(["config.js", "config.cjs", "config.mjs", "config.ts"])("never runs .config/%s", async (file) => {
    await withFolder({ ".signpolicy.yaml": POLICY }, async (folder) => {
      const mark = join(folder, "ran");
      plant(folder, `.config/${file}`, mark);
      const loaded = await inside(folder, () => loadPolicy(workTreePolicySource(folder)));
      expect(loaded.anchors.size).toBe(1);
      expect(existsSync(mark)).toBe(false);
    });
  });
  it("the canary would sing: cosmiconfig constructed in that folder runs it", async () => {
    await withFolder({}, (folder) => {
      const mark = join(folder, "ran");
      plant(folder, ".config/config.js", mark);
      const cosmiconfig = pathToFileURL(join(process.cwd(), "node_modules/cosmiconfig/dist/index.js")).href;
      spawnSync(process.execPath, ["-e", `import(${JSON.stringify(cosmiconfig)}).then((m) => m.cosmiconfig("x"))`], {
        cwd: folder,
      });
      expect(existsSync(mark)).toBe(true);
    });
  });
  it("is not led to another file by .config/config.json, config.yaml or package.json", async () => {
    const lead = { searchPlaces: ["other.yaml"], mergeSearchPlaces: false };
    const files = {
      ".signpolicy.yaml": POLICY,
      "other.yaml": POLICY.replaceAll("alice", "mallory"),
      ".config/config.json": JSON.stringify({ cosmiconfig: lead }),
      ".config/config.yaml": "cosmiconfig: { searchPlaces: [other.yaml] }\n",
      "package.json": JSON.stringify({ name: "app", cosmiconfig: lead }),
    };
    await withFolder(files, async (folder) => {
      const loaded = await inside(folder, () => loadPolicy(workTreePolicySource(folder)));
      expect([...loaded.policy.principals.keys()]).toEqual(["alice"]);
    });
  });
  it("loads from a current folder that has gone away", async () => {
    await withFolder({ "top/.signpolicy.yaml": POLICY }, async (folder) => {
      const loaded = await inside(join(folder, "top"), () => loadPolicy(workTreePolicySource(join(folder, "top"))));
      expect(loaded.anchors.size).toBe(1);
    });
  });
});

describe("attack 69: a policy of code", () => {
  it.each([".signpolicy.js", ".signpolicy.cjs", ".signpolicy.mjs", ".signpolicy.ts", ".signpolicy.mts"])(
    "refuses %s beside the policy and alone, and never runs it",
    async (file) => {
      for (const files of [{}, { ".signpolicy.yaml": POLICY }]) {
        await withFolder(files, async (folder) => {
          const mark = join(folder, "ran");
          plant(folder, file, mark);
          const error = await policyErrorOf(inside(folder, () => loadPolicy(workTreePolicySource(folder))));
          expect(error.code).toBe("ERR_POLICY_INVALID");
          expect(error.message).toContain(file);
          expect(existsSync(mark)).toBe(false);
        });
      }
    },
  );
  it.each(["policy.js", "policy.cjs", "policy.mjs", "policy.ts", ".signpolicyrc.js"])(
    "refuses %s as an administrator's file, and never runs it",
    async (file) => {
      await withFolder({}, async (folder) => {
        const mark = join(folder, "ran");
        plant(folder, file, mark);
        const error = await policyErrorOf(loadPolicy(filePolicySource(join(folder, file))));
        expect(error.code).toBe("ERR_POLICY_UNREADABLE");
        expect(existsSync(mark)).toBe(false);
      });
    },
  );
  it.each(["policy", "policy.yaml", "policy.yml", "policy.json", "policy.conf", "package.yaml"])(
    "reads data from %s, whatever its extension",
    async (file) => {
      await withFolder({ [file]: POLICY }, async (folder) => {
        expect((await loadPolicy(filePolicySource(join(folder, file)))).anchors.size).toBe(1);
      });
    },
  );
  it("does not follow $import", async () => {
    const files = { ".signpolicy.yaml": `$import: ./other.js\n${POLICY}` };
    await withFolder(files, async (folder) => {
      const mark = join(folder, "ran");
      plant(folder, "other.js", mark);
      const error = await policyErrorOf(inside(folder, () => loadPolicy(workTreePolicySource(folder))));
      expect(error.issues.map(({ path }) => path)).toEqual(['$["$import"]']);
      expect(existsSync(mark)).toBe(false);
    });
  });
  it("a policy of the same words without code passes", async () => {
    await withFolder({ ".signpolicy.yaml": POLICY }, async (folder) => {
      expect((await inside(folder, () => loadPolicy(workTreePolicySource(folder)))).anchors.size).toBe(1);
    });
  });
});
