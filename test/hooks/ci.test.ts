/** `signpolicy ci`: what a platform says has happened becomes the range that is judged, and nothing else. Each platform: ci-environments.test.ts. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CiScene, ZERO } from "../support/ci.ts";
import { alice, bob, eve, policyOf } from "../support/push-server.ts";
import { sarifErrors } from "../support/schemas.ts";

let scene: CiScene;
beforeAll(() => {
  scene = new CiScene();
});
afterAll(() => {
  scene.remove();
});

type Env = Readonly<Record<string, string>>;

describe("ci finds the range", () => {
  it("of pull_request_target, whose checkout is the target's: the commits that are new and no others (unsigned)", () => {
    scene.checkOut(scene.base);
    const { status, decisions } = scene.run(scene.pullRequest(scene.bad, { name: "pull_request_target" }));
    expect({ status, decisions }).toEqual({
      status: 1,
      decisions: [
        { oid: scene.good, kind: "commit", code: null },
        { oid: scene.bad, kind: "commit", code: "unsigned" },
      ],
    });
  });

  it("of a merge that a platform made to test the request: its two sides' commits alone", () => {
    scene.checkOut(scene.mergeOf(scene.good));
    expect(scene.run(scene.pullRequest(scene.good)).decisions.map(({ oid }) => oid)).toEqual([scene.good]);
  });

  it("of a schedule, a button and an event nobody knows: the whole history (unsigned)", () => {
    scene.checkOut(scene.base);
    for (const name of ["schedule", "workflow_dispatch", "something_new"]) {
      const { status, decisions } = scene.run(scene.github(name, "refs/heads/main", {}));
      expect(status).toBe(1);
      expect(decisions.map(({ code }) => code)).toEqual([null, "unsigned", null]);
    }
    const gitlab = {
      GITLAB_CI: "true",
      CI_PIPELINE_SOURCE: "schedule",
      CI_COMMIT_SHA: scene.base,
      CI_COMMIT_BRANCH: "main",
    };
    expect(scene.run(gitlab).decisions).toHaveLength(3);
    expect(scene.run({}, ["--full"]).decisions).toHaveLength(3);
  });

  it("of nothing that is known on a branch beside the default one: what the default one lacks (ref-unmatched)", () => {
    scene.world.clone.git(["checkout", "-q", "-f", "-B", "topic", scene.good]);
    expect(scene.run({}).decisions.map(({ code }) => code)).toContain("ref-unmatched");
    expect(scene.run({}, ["--as", "main"]).decisions).toEqual([{ oid: scene.good, kind: "commit", code: null }]);
  });

  it("of a request that is merged already: from where the branch stood before", () => {
    scene.checkOut(scene.bad);
    scene.tracking("main", scene.bad);
    try {
      expect(scene.run(scene.pullRequest(scene.bad)).decisions.map(({ code }) => code)).toEqual([null, "unsigned"]);
    } finally {
      scene.tracking("main", scene.base);
    }
  });

  it("of a request with nothing in it: empty, and says so", () => {
    scene.checkOut(scene.base);
    const { status, stdout } = scene.run(scene.pullRequest(scene.base), ["--format", "text"]);
    expect(status).toBe(0);
    expect(stdout).toContain("nothing to check: the range is empty (checked: 0)");
  });

  it("of a branch that was deleted: the deletion alone", () => {
    const env = scene.github("push", "refs/heads/main", {
      ref: "refs/heads/main",
      before: scene.base,
      after: ZERO,
      deleted: true,
    });
    scene.checkOut(scene.base);
    expect(scene.run(env).decisions.map(({ kind }) => kind)).toEqual(["ref"]);
  });
});

describe("ci on a request of somebody who may not sign the branch itself", () => {
  const rules = [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"], side: ["devs"] } }];

  it("denies it as a push (signer-not-permitted), and with --by-merge takes it as what a merge brings in, unless nobody may", () => {
    const requests = new CiScene(rules);
    try {
      const base = requests.commit(alice, { parents: [requests.root] });
      const theirs = requests.commit(bob, { parents: [base] });
      const bad = requests.commit(null, { parents: [theirs] });
      requests.tracking("main", base);
      requests.checkOut(theirs);
      const request = (head: string) => requests.pullRequest(head, { base });
      const denied = requests.run(request(theirs), ["--format", "text"]);
      expect(denied.status).toBe(1);
      expect(denied.stdout).toContain("signer-not-permitted");
      expect(denied.stdout).toMatch(/where requests land by merge commits alone: .*signpolicy(?:\.cjs)? ci --by-merge/);
      const taken = requests.run(request(theirs), ["--by-merge"]);
      expect(taken).toMatchObject({ status: 0, decisions: [{ oid: theirs, code: null }] });
      expect(taken.stderr).toContain("the merge itself is judged when it is there");
      requests.checkOut(bad);
      expect(requests.run(request(bad), ["--by-merge"]).decisions.map(({ code }) => code)).toEqual([null, "unsigned"]);
      // Whoever may sign sides alone changes no policy by a merge either.
      const policy = JSON.stringify(
        policyOf([{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["*"] } }]),
      );
      const grab = requests.commit(bob, { parents: [base], files: { ".signpolicy.json": policy } });
      requests.checkOut(grab);
      expect(requests.run(request(grab), ["--by-merge"]).decisions).toContainEqual(
        expect.objectContaining({ oid: grab, code: "policy-change" }),
      );
      // What was pushed stands where it stands.
      const pushed = { ref: "refs/heads/main", before: base, after: theirs };
      requests.checkOut(theirs);
      const push = requests.github("push", "refs/heads/main", pushed);
      expect(requests.run(push, ["--by-merge"]).decisions.map(({ code }) => code)).toEqual(["signer-not-permitted"]);
      // The chain from a trust root judges it as it stands.
      requests.world.clone.config("signpolicy.trustRoot", requests.root);
      expect(requests.run(request(theirs), ["--by-merge"]).status).toBe(1);
    } finally {
      requests.remove();
    }
  });
});

describe("ci on tags", () => {
  const rules = [
    { name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs"] } },
    { name: "releases", refs: ["refs/tags/v*"], tags: { signedBy: ["devs"] } },
  ];

  it("judges the tag that was pushed and what it names, and says what replaces one (lightweight-tag, unsigned-tag)", () => {
    const tags = new CiScene(rules);
    try {
      const { clone } = tags.world;
      const clean = tags.commit(bob, { parents: [tags.root] });
      tags.tracking("main", clean);
      tags.checkOut(clean);
      const env = (name: string) =>
        tags.github("push", `refs/tags/${name}`, { ref: `refs/tags/${name}`, before: ZERO, after: clean });
      clone.updateRef("refs/tags/v1", tags.world.tag(alice, "v1", clean));
      clone.updateRef("refs/tags/v2", tags.world.tag(null, "v2", clean));
      clone.updateRef("refs/tags/v3", clean);
      expect(tags.run(env("v1")).status).toBe(0);
      expect(tags.run(env("v2")).decisions.map(({ code }) => code)).toContain("unsigned-tag");
      const bare = tags.run(env("v3"));
      expect(bare.decisions.map(({ code }) => code)).toContain("lightweight-tag");
      expect(bare.stderr).toContain("git fetch --force origin refs/tags/v3:refs/tags/v3");
      const gitlab = { GITLAB_CI: "true", CI_PIPELINE_SOURCE: "push", CI_COMMIT_SHA: clean, CI_COMMIT_TAG: "v2" };
      expect(tags.run(gitlab).status).toBe(1);
      expect(
        tags.run({ TF_BUILD: "True", BUILD_REASON: "IndividualCI", BUILD_SOURCEBRANCH: "refs/tags/v1" }).status,
      ).toBe(0);
      expect(tags.run({ JENKINS_URL: "http://j/", TAG_NAME: "v1" }).status).toBe(0);
    } finally {
      tags.remove();
    }
  });
});

describe("ci never trusts what it judges", () => {
  it("judges the tag whose name reads as another's full name, and not that one (ref-unmatched)", () => {
    const rules = [
      { name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs"] } },
      { name: "releases", refs: ["refs/tags/v*"], tags: { signedBy: ["devs"] } },
    ];
    const tags = new CiScene(rules);
    try {
      const { clone } = tags.world;
      const clean = tags.commit(bob, { parents: [tags.root] });
      const evil = tags.commit(null, { parents: [clean] });
      tags.tracking("main", clean);
      clone.updateRef("refs/tags/v1", tags.world.tag(alice, "v1", clean));
      clone.updateRef("refs/tags/refs/tags/v1", evil);
      const jobs = (name: string): readonly Env[] => [
        { GITLAB_CI: "true", CI_PIPELINE_SOURCE: "push", CI_COMMIT_SHA: evil, CI_COMMIT_TAG: name },
        { JENKINS_URL: "http://j/", TAG_NAME: name },
        tags.github("push", `refs/tags/${name}`, { ref: `refs/tags/${name}`, before: ZERO, after: evil }),
      ];
      tags.checkOut(evil);
      for (const env of jobs("refs/tags/v1")) {
        const { status, decisions } = tags.run(env);
        expect(status).toBe(1);
        expect(decisions.map(({ code }) => code)).toContain("ref-unmatched");
      }
      // Nor does a checkout pass that the tag does not lead to.
      for (const env of jobs("v1")) {
        const { status, stderr } = tags.run(env);
        expect(status).toBe(1);
        expect(stderr).toContain("the checkout holds other commits than the tag leads to");
      }
      tags.checkOut(clean);
      for (const env of jobs("v1")) expect(tags.run(env).status).toBe(0);
      // A tag that leads to no commit says nothing of the one that is checked out.
      tags.checkOut(evil);
      clone.updateRef("refs/tags/v1", clone.git(["rev-parse", `${clean}^{tree}`]).trim());
      for (const env of jobs("v1")) {
        const { status, decisions } = tags.run(env);
        expect(status).toBe(1);
        expect(decisions.map(({ code }) => code)).toContain("unsigned");
      }
    } finally {
      tags.remove();
    }
  });

  it("judges a request into the branch of that name, though it reads as another's full name", () => {
    const into = "refs/heads/main";
    scene.checkOut(scene.good);
    scene.world.clone.updateRef("refs/remotes/origin/refs/heads/main", scene.past);
    const env = {
      GITLAB_CI: "true",
      CI_PIPELINE_SOURCE: "merge_request_event",
      CI_COMMIT_SHA: scene.good,
      CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: scene.good,
      CI_MERGE_REQUEST_TARGET_BRANCH_NAME: into,
    };
    expect(scene.run(env).decisions.map(({ code }) => code)).toContain("ref-unmatched");
    const plain = scene.run({ ...env, CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main" });
    expect(plain.decisions).toEqual([{ oid: scene.good, kind: "commit", code: null }]);
  });

  it("judges by the base's policy, never by the request's own (unknown-key)", () => {
    const evil = JSON.stringify(
      policyOf([{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["*"] } }]).valueOf(),
    ).replaceAll(JSON.stringify(bob.key.line.trim()), JSON.stringify(eve.key.line.trim()));
    const own = scene.commit(eve, { parents: [scene.base], email: bob.email, files: { ".signpolicy.json": evil } });
    scene.checkOut(own);
    const { status, decisions, stderr } = scene.run(scene.pullRequest(own));
    expect(status).toBe(1);
    expect(decisions.map(({ code }) => code)).toEqual(["unknown-key"]);
    expect(stderr).toContain("differs from the one that judges");
    // Nor does a push to the default branch, which the clone's own record of it has moved to already.
    scene.tracking("main", own);
    try {
      const push = scene.github("push", "refs/heads/main", { ref: "refs/heads/main", before: scene.base, after: own });
      expect(scene.run(push).decisions.map(({ code }) => code)).toEqual(["unknown-key"]);
    } finally {
      scene.tracking("main", scene.base);
    }
  });

  it("has no policy where only the work tree has one (policy-missing)", () => {
    scene.checkOut(scene.good);
    scene.world.clone.git(["update-ref", "-d", "refs/remotes/origin/main"]);
    try {
      const { status, decisions } = scene.run(scene.github("schedule", "refs/heads/main", {}));
      expect(status).toBe(1);
      expect(decisions.map(({ code }) => code)).toEqual(["policy-missing"]);
      // The commit that the request goes to has one.
      expect(scene.run(scene.pullRequest(scene.good)).decisions).toEqual([
        { oid: scene.good, kind: "commit", code: null },
      ]);
    } finally {
      scene.tracking("main", scene.base);
    }
  });

  it("judges what is checked out, too, where the event names something else (unsigned)", () => {
    scene.checkOut(scene.bad);
    const { status, decisions, stderr } = scene.run(scene.pullRequest(scene.good));
    expect(status).toBe(1);
    expect(decisions.map(({ code }) => code)).toContain("unsigned");
    expect(stderr).toContain("they are judged, too");
  });

  it("denies a head that the clone does not have (missing-object)", () => {
    scene.checkOut(scene.base);
    const { status, decisions } = scene.run(scene.pullRequest("ab".repeat(20)));
    expect(status).toBe(1);
    expect(decisions.map(({ code }) => code)).toEqual(["missing-object"]);
  });

  it("takes a new commit by a key that is not good today for no history (key-expired)", () => {
    const past = Math.floor(Date.now() / 1000) - 86_400;
    const policy = policyOf([{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs"] } }]) as {
      principals: Record<string, { keys: { ssh: string; until?: string }[] }>;
    };
    const key = policy.principals["bob"]?.keys[0];
    if (key !== undefined) key.until = new Date((past + 3600) * 1000).toISOString().replace(/\.\d+/, "");
    const root = scene.commit(alice, { date: past - 60, files: { ".signpolicy.json": JSON.stringify(policy) } });
    const late = scene.commit(bob, { parents: [root], date: past });
    scene.tracking("main", root);
    scene.checkOut(late);
    try {
      expect(scene.run(scene.pullRequest(late, { base: root })).decisions.map(({ code }) => code)).toEqual([
        "key-expired",
      ]);
    } finally {
      scene.tracking("main", scene.base);
    }
  });

  it.each([
    ["a branch that is no ref name", { pull_request: { head: { sha: "x" }, base: { ref: "a..b\u001b[2J" } } }, 2],
    ["a base with blanks", { pull_request: { head: { sha: "1".repeat(40) }, base: { ref: "ma in" } } }, 1],
    ["no JSON", "{", 3],
    ["ids that are options", { pull_request: { head: { sha: "--all" }, base: { ref: "main" } } }, 2],
    ["members of Object's", { pull_request: { head: {}, base: { ref: "main" } } }, 2],
  ])("never passes on %s", (_, payload, expected) => {
    scene.checkOut(scene.good);
    const { status, stderr } = scene.run(scene.github("pull_request", "refs/pull/1/merge", payload));
    expect(status).toBe(expected);
    expect(stderr).not.toMatch(/[\u001b]/);
    expect(stderr).toContain("signpolicy: error: ");
  });

  it("never passes where the platform is silent, and says what to give instead", () => {
    const { status, stderr } = scene.run({ GITHUB_ACTIONS: "true" });
    expect(status).toBe(2);
    expect(stderr).toContain("GITHUB_EVENT_NAME is not set");
    expect(stderr).toContain("--base REVISION");
  });
});

describe("ci in a clone that has a trust root", () => {
  it("asks for the chain from it, too, and denies without it", () => {
    const rooted = new CiScene();
    try {
      const clean = rooted.commit(alice, { parents: [rooted.root] });
      const next = rooted.commit(bob, { parents: [clean] });
      rooted.tracking("main", clean);
      rooted.checkOut(next);
      rooted.world.clone.config("signpolicy.trustRoot", rooted.root);
      expect(rooted.run(rooted.pullRequest(next, { base: clean })).status).toBe(0);
      expect(rooted.run(rooted.github("schedule", "refs/heads/main", {})).status).toBe(0);
      // A commit of another history vouches for nothing here.
      rooted.world.clone.config("signpolicy.trustRoot", rooted.commit(alice, { message: "another root" }));
      expect(rooted.run(rooted.pullRequest(next, { base: clean })).status).toBe(1);
      expect(rooted.run(rooted.github("schedule", "refs/heads/main", {})).status).toBe(1);
    } finally {
      rooted.remove();
    }
  });
});

describe("ci in a shallow clone", () => {
  const SETTINGS: readonly (readonly [string, Env, string])[] = [
    ["GitHub", { GITHUB_ACTIONS: "true" }, "fetch-depth: 0"],
    ["Gitea", { GITHUB_ACTIONS: "true", GITEA_ACTIONS: "true" }, "fetch-depth: 0"],
    ["Forgejo", { GITHUB_ACTIONS: "true", FORGEJO_ACTIONS: "true" }, "fetch-depth: 0"],
    ["GitLab", { GITLAB_CI: "true" }, 'GIT_DEPTH: "0"'],
    ["Jenkins", { JENKINS_URL: "http://j/" }, "Shallow clone"],
    ["Azure", { TF_BUILD: "True" }, "fetchDepth: 0"],
    ["none", {}, "git fetch --unshallow"],
  ];

  it("is refused with the setting of the platform (shallow-history)", () => {
    const { clone } = scene.world;
    clone.updateRef("refs/heads/main", scene.base);
    const shallow = join(clone.root, "shallow");
    clone.git(["clone", "-q", "--depth", "1", "--branch", "main", `file://${clone.dir}`, shallow]);
    for (const [name, env, setting] of SETTINGS) {
      const { status, stdout } = scene.run(env, ["--format", "text"], shallow);
      expect(`${name}: ${String(status)}`).toBe(`${name}: 1`);
      expect(stdout).toContain("shallow-history");
      expect(stdout).toContain(setting);
    }
  });
});

describe("ci prints what the platform shows", () => {
  it("annotations and a summary page on GitHub, text elsewhere", () => {
    scene.checkOut(scene.bad);
    const summary = join(scene.world.clone.root, "summary.md");
    writeFileSync(summary, "before\n");
    const env = { ...scene.pullRequest(scene.bad), GITHUB_STEP_SUMMARY: summary };
    const { status, stdout } = scene.world.clone.run(process.execPath, [scene.bin, "ci"], { env });
    expect(status).toBe(1);
    expect(stdout.toString()).toMatch(/^::error title=signpolicy%3A unsigned/m);
    const page = readFileSync(summary, "utf8");
    expect(page).toMatch(/^before\n### signpolicy: 1 of 2 denied/);
    scene.world.clone.run(process.execPath, [scene.bin, "ci", "--no-summary"], { env });
    expect(readFileSync(summary, "utf8")).toBe(page);
    const plain = scene.world.clone.run(
      process.execPath,
      [scene.bin, "ci", "--as", "main", "--base", "origin/main"],
      {},
    );
    expect(plain.stdout.toString()).not.toMatch(/^::/m);
  });

  it("an annotation of what it cannot judge", () => {
    const { status, stdout } = scene.run({ GITHUB_ACTIONS: "true" }, ["--format", "github"]);
    expect(status).toBe(2);
    expect(stdout).toMatch(/^::error title=signpolicy::what to judge cannot be told: GITHUB_EVENT_NAME is not set%0A/);
  });

  it("files beside it, in every format", () => {
    scene.checkOut(scene.bad);
    const { dir } = scene.world.clone;
    const reports = ["sarif=out.sarif", "gitlab=quality.json", "junit=junit.xml", "json=all.json"];
    const { status } = scene.run(
      scene.pullRequest(scene.bad),
      reports.flatMap((report) => ["--report", report]),
    );
    expect(status).toBe(1);
    expect(sarifErrors(readFileSync(join(dir, "out.sarif"), "utf8"))).toEqual([]);
    expect(readFileSync(join(dir, "quality.json"), "utf8")).toContain('"check_name":"unsigned"');
    expect(readFileSync(join(dir, "junit.xml"), "utf8")).toContain('failures="1"');
    expect(scene.run(scene.pullRequest(scene.bad), ["--report", "sarif"]).status).toBe(2);
    expect(scene.run(scene.pullRequest(scene.good), ["--report", "sarif=no/such/folder"]).status).toBe(3);
  });

  it("no file through a link that a request brought", () => {
    scene.checkOut(scene.good);
    const { dir, root } = scene.world.clone;
    const outside = join(root, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "x.json"), "mine");
    symlinkSync(join(outside, "x.json"), join(dir, "link.json"));
    symlinkSync(outside, join(dir, "folder"));
    expect(scene.run(scene.pullRequest(scene.good), ["--report", "json=link.json"]).status).toBe(0);
    expect(readFileSync(join(outside, "x.json"), "utf8")).toBe("mine");
    expect(scene.run(scene.pullRequest(scene.good), ["--report", "json=folder/y.json"]).status).toBe(3);
    expect(existsSync(join(outside, "y.json"))).toBe(false);
  });
});
