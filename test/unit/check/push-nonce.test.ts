import { describe, expect, it } from "@jest/globals";
import { nonceProblem, servicePaths, type NonceInput } from "../../../src/check/push-nonce.ts";
import { nonceOf, SEED } from "../../support/signed-push.ts";

const NOW = 1_800_000_000;
const gitDir = "/srv/git/team/app.git";

function problem(path: string, over: Partial<NonceInput> & { at?: number; seed?: string | null } = {}): string | null {
  const nonce = nonceOf(path, { at: over.at ?? NOW, hash: over.algorithm ?? "sha1" });
  const environment = { GIT_PUSH_CERT_NONCE: nonce, GIT_PUSH_CERT_NONCE_STATUS: "OK" };
  const input: NonceInput = {
    nonce,
    pushee: null,
    seed: SEED,
    shared: false,
    gitDir,
    algorithm: "sha1",
    environment,
    now: NOW,
    ...over,
  };
  return nonceProblem(input)?.code ?? null;
}

describe("the nonce of a push certificate", () => {
  it.each([
    gitDir,
    `${gitDir}/`,
    "/srv/git/team/app",
    "git/team/app.git",
    "team/app.git",
    "/team/app.git",
    "app.git",
    "app",
    ".",
  ])("is ours where the server was asked for by %s", (path) => {
    expect(problem(path)).toBeNull();
  });

  it.each(["/srv/git/team/other.git", "/srv/git/other/app.git", "am/app.git", "/srv/git/team", ""])(
    "is another's where the server was asked for by %j (bad-input)",
    (path) => {
      expect(problem(path)).toBe("bad-input");
    },
  );

  it.each([
    ["ssh://git@host/~deploy/team/app.git", "~deploy/team/app.git"],
    ["host:team/app.git", "team/app.git"],
    ["host:~/team/app.git", "~/team/app.git"],
    ["../app.git", "../app.git"],
    ["ssh://host/team/%61pp.git", "/team/app.git"],
  ])("is ours where the URL %s names that path", (pushee, path) => {
    expect(problem(path, { pushee })).toBeNull();
  });

  it.each([
    ["ssh://git@host/srv/git/team/other.git", "/srv/git/team/other.git"],
    ["host:~/other/app.git", "~/other/app.git"],
    ["../other.git", "../other.git"],
  ])("is another's though the signer's URL %s names its path (bad-input)", (pushee, path) => {
    expect(problem(path, { pushee })).toBe("bad-input");
  });

  it("is nobody's in particular where the seed is the system's and another repository may be asked for so (bad-input)", () => {
    const shared = true;
    for (const path of [gitDir, `${gitDir}/`, "/srv/git/team/app"]) expect(problem(path, { shared })).toBeNull();
    for (const path of [".", "app.git", "/app.git", "team/app.git", "app"])
      expect([path, problem(path, { shared })]).toEqual([path, "bad-input"]);
    expect(problem("team/app.git", { shared, pushee: "host:team/app.git" })).toBe("bad-input");
  });

  it("is of a repository's own hash", () => {
    expect(problem(gitDir, { algorithm: "sha256" })).toBeNull();
    expect(problem(gitDir, { algorithm: "sha256", nonce: nonceOf(gitDir, { at: NOW }) })).toBe("bad-input");
  });

  it("is new: six hours, for objects that arrive slowly, and not dated ahead (bad-input)", () => {
    expect(problem(gitDir, { at: NOW - 6 * 3600 })).toBeNull();
    expect(problem(gitDir, { at: NOW - 6 * 3600 - 1 })).toBe("bad-input");
    expect(problem(gitDir, { at: NOW + 300 })).toBeNull();
    expect(problem(gitDir, { at: NOW + 301 })).toBe("bad-input");
  });

  it("proves nothing where the repository has no seed (bad-input)", () => {
    expect(problem(gitDir, { seed: null })).toBe("bad-input");
    expect(problem(gitDir, { seed: "another" })).toBe("bad-input");
  });

  it.each(["SLOP", "BAD", "MISSING", "UNSOLICITED", ""])("is refused where git says %j of it (bad-input)", (status) => {
    const nonce = nonceOf(gitDir, { at: NOW });
    const environment = { GIT_PUSH_CERT_NONCE: nonce, GIT_PUSH_CERT_NONCE_STATUS: status };
    expect(problem(gitDir, { nonce, environment })).toBe("bad-input");
  });

  it("is refused where git issued another, or the certificate holds none (bad-input)", () => {
    const environment = { GIT_PUSH_CERT_NONCE: nonceOf(gitDir, { at: NOW - 1 }), GIT_PUSH_CERT_NONCE_STATUS: "OK" };
    expect(problem(gitDir, { environment })).toBe("bad-input");
    expect(problem(gitDir, { nonce: null })).toBe("bad-input");
    expect(problem(gitDir, { nonce: "1800000000" })).toBe("bad-input");
  });

  it("knows a work tree's repository by both of its names", () => {
    const paths = servicePaths({ gitDir: "/home/alice/app/.git", pushee: null, shared: false });
    expect([paths.has("/home/alice/app"), paths.has("/home/alice/app/.git"), paths.has("app")]).toEqual([
      true,
      true,
      true,
    ]);
  });
});
