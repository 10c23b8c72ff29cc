import { describe, expect, it } from "@jest/globals";
import { discoveryEnvironment, judgingEnvironment } from "../../../src/io/environment.ts";

const caller = {
  PATH: "/bin",
  HOME: "/home/mallory",
  GIT_DIR: ".",
  GIT_NAMESPACE: "other",
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "core.fsmonitor",
  GIT_CONFIG_VALUE_0: "evil",
  GIT_CONFIG_PARAMETERS: "'a.b=c'",
  GIT_EXEC_PATH: "/evil",
  GIT_ALTERNATE_OBJECT_DIRECTORIES: "/real/objects",
  GIT_OBJECT_DIRECTORY: "/real/incoming",
  GIT_QUARANTINE_PATH: "/real/incoming",
  GIT_REPLACE_REF_BASE: "refs/evil/",
  GIT_GRAFT_FILE: "evil",
  GIT_SHALLOW_FILE: "evil",
  NODE_OPTIONS: "--require evil",
  LD_PRELOAD: "evil.so",
};

describe("judgingEnvironment", () => {
  it("keeps the quarantine and the path, and nothing else of the caller's", () => {
    const environment = judgingEnvironment(caller, "/srv/repo.git");
    expect(Object.keys(environment).sort()).toEqual([
      "GIT_ALTERNATE_OBJECT_DIRECTORIES",
      "GIT_CONFIG_GLOBAL",
      "GIT_DIR",
      "GIT_FLUSH",
      "GIT_GRAFT_FILE",
      "GIT_NO_LAZY_FETCH",
      "GIT_NO_REPLACE_OBJECTS",
      "GIT_OBJECT_DIRECTORY",
      "GIT_OPTIONAL_LOCKS",
      "GIT_PAGER",
      "GIT_QUARANTINE_PATH",
      "GIT_SHALLOW_FILE",
      "GIT_TERMINAL_PROMPT",
      "LC_ALL",
      "PATH",
    ]);
    expect(environment).toMatchObject({
      GIT_DIR: "/srv/repo.git",
      GIT_GRAFT_FILE: "/dev/null",
      GIT_SHALLOW_FILE: "/dev/null",
      GIT_CONFIG_GLOBAL: "/dev/null",
    });
  });

  it("sets no variable that the caller has not", () => {
    expect(judgingEnvironment({}, "/srv/repo.git")).not.toHaveProperty("GIT_QUARANTINE_PATH");
  });
});

describe("discoveryEnvironment", () => {
  it("lets the user say which repository he means and which he trusts, and no more", () => {
    expect(Object.keys(discoveryEnvironment(caller)).sort()).toEqual([
      "GIT_DIR",
      "GIT_TERMINAL_PROMPT",
      "HOME",
      "LC_ALL",
      "PATH",
    ]);
  });
});
