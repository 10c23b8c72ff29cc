import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { assertScratch, withRepo } from "../../support/repo.ts";

describe("withRepo", () => {
  it("refuses to run git in the project, in its parents and anywhere but the temporary folder", async () => {
    const project = fileURLToPath(new URL("../../../", import.meta.url));
    expect(() => {
      assertScratch(project);
    }).toThrow("refuses");
    expect(() => {
      assertScratch(`${project}/src`);
    }).toThrow("refuses");
    expect(() => {
      assertScratch("/");
    }).toThrow("refuses");
    expect(() => {
      assertScratch(tmpdir());
    }).not.toThrow();
    await withRepo({}, (repo) => {
      expect(() => repo.git(["status"], { cwd: project })).toThrow("refuses");
    });
  });
  it.each(["sha1", "sha256"] as const)(
    "makes a repository of object format %s that knows no other configuration",
    async (algorithm) => {
      await withRepo({ algorithm }, (repo) => {
        repo.updateRef("refs/heads/main", repo.commit("first\n"));
        expect(repo.git(["rev-parse", "--show-object-format"])).toBe(algorithm);
        expect(
          repo
            .git(["config", "--list", "--show-scope"])
            .split("\n")
            .every((line) => line.startsWith("local\t")),
        ).toBe(true);
      });
    },
  );
});
