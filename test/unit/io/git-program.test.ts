import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programStamp } from "../../../src/io/git-program.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sp-path-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(folder: string, mode = 0o755): string {
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, "git"), "#!/bin/sh\nexit 7\n", { mode });
  return join(root, folder);
}

describe("the git that would be started", () => {
  it("is the first that can be run, whatever else is in the PATH, as execvp finds it", () => {
    mkdirSync(join(root, "empty"));
    mkdirSync(join(root, "folder", "git"), { recursive: true });
    writeFileSync(join(root, "file"), "");
    const before = ["none", "empty", "folder", "file"].map((name) => join(root, name));
    const PATH = [...before, put("plain", 0o644), put("good"), put("later")].join(":");
    expect(programStamp({ PATH })).toContain(`${join(root, "good", "git")} `);
    expect(spawnSync("git", [], { env: { PATH } }).status).toBe(7);
    // A link to itself stops the search.
    mkdirSync(join(root, "loop"));
    symlinkSync("git", join(root, "loop", "git"));
    const looped = { PATH: `${join(root, "loop")}:${PATH}` };
    expect(programStamp(looped)).toBeNull();
    expect(spawnSync("git", [], { env: looped }).status).toBeNull();
  });

  it("is another one when it is replaced, and none where there is none or the folder is not named from the root", () => {
    const PATH = put("good");
    const before = programStamp({ PATH });
    rmSync(join(PATH, "git"));
    expect(programStamp({ PATH })).toBeNull();
    writeFileSync(join(PATH, "git"), "#!/bin/sh\nexit 70\n");
    chmodSync(join(PATH, "git"), 0o755);
    expect(programStamp({ PATH })).not.toBe(before);
    expect(programStamp({ PATH: "" })).toBeNull();
    expect(programStamp({ PATH: "." })).toBeNull();
    expect(programStamp({})).toBeNull();
  });
});
