/**
 * Attack: the record of what was judged is cut off, changed, put back from a backup, exchanged for another's or written by
 * two at once, so that something counts as judged which never was.
 * Stopped by: the chain of digests (check/record-chain.ts), the note of the last line in another folder and the roots
 * (check/record.ts), the lock (io/record-lock.ts). Whoever can write to the repository's folder owns the verdicts anyway.
 */
import { describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { appendFileSync, cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alice, BIN, bob, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const folderOf = (server: PushServer): string => join(server.server.gitDir, "signpolicy");
const recordOf = (server: PushServer): string => join(folderOf(server), "record.jsonl");
const endOf = (server: PushServer): string => join(server.server.gitDir, "info", "signpolicy-record");
const linesOf = (server: PushServer): string[] => readFileSync(recordOf(server), "utf8").trimEnd().split("\n");

interface Answer {
  readonly status: number | null;
  readonly text: string;
}

/** `signpolicy record …` as an administrator runs it. */
function record(server: PushServer, ...args: string[]): Answer {
  const { status, stdout, stderr } = server.server.run(process.execPath, [BIN, "record", ...args]);
  return { status, text: `${stdout.toString("latin1")}${stderr}` };
}

interface Verified {
  readonly sound: boolean;
  readonly problems: string[];
  readonly entries: number;
  readonly files: number;
  readonly cutOff: boolean;
  readonly moved: { ref: string }[];
}

function verified(server: PushServer): Verified {
  const { text } = record(server, "verify", "--format", "json");
  return JSON.parse(text) as Verified;
}

/** A server with a record of one push; gives the commit on main. */
function begun(server: PushServer, who = alice): string {
  expect(record(server, "baseline").status).toBe(0);
  const tip = server.commit(who);
  expect(server.push([`${tip}:refs/heads/main`]).status).toBe(0);
  return tip;
}

/** Another signed commit on main. */
const pushNext = (server: PushServer, tip: string): Answer => {
  const next = server.commit(alice, { parents: [tip] });
  return server.push([`${next}:refs/heads/main`]);
};

const main = policyOf([mainRule]);

describe("a record that lost its end", () => {
  it("denies when whole lines are cut off, and goes on once an administrator has looked (bad-input)", () =>
    withServer(main, (server) => {
      const tip = begun(server);
      writeFileSync(recordOf(server), `${linesOf(server).slice(0, -1).join("\n")}\n`);
      const refused = pushNext(server, tip);
      expect(refused.status).not.toBe(0);
      expect(refused.text).toContain("bad-input");
      expect(refused.text).toContain("signpolicy record baseline");
      expect(record(server, "verify").status).toBe(1);
      expect(record(server, "show").status).toBe(1);
      const mended = record(server, "baseline");
      expect(mended).toMatchObject({ status: 0, text: expect.stringContaining("goes on from what stands now") });
      expect(verified(server).sound).toBe(true);
      expect(pushNext(server, tip).status).toBe(0);
      expect(record(server, "show").text).toContain("taken up again by an administrator");
    }));

  it("denies when its folder was put back from last night's backup (bad-input)", () =>
    withServer(main, (server) => {
      const tip = begun(server);
      const backup = join(server.server.root, "backup");
      cpSync(folderOf(server), backup, { recursive: true });
      const next = server.commit(alice, { parents: [tip] });
      expect(server.push([`${next}:refs/heads/main`]).status).toBe(0);
      rmSync(folderOf(server), { recursive: true });
      cpSync(backup, folderOf(server), { recursive: true });
      expect(pushNext(server, next).text).toMatch(/put back[\s\S]+from a backup/);
      expect(record(server, "baseline").status).toBe(0);
      expect(pushNext(server, next).status).toBe(0);
    }));

  it("denies when the note of its last line is gone or damaged (bad-input)", () =>
    withServer(main, (server) => {
      const tip = begun(server);
      const end = readFileSync(endOf(server));
      rmSync(endOf(server));
      expect(pushNext(server, tip).text).toContain("bad-input");
      writeFileSync(endOf(server), "{}\n");
      expect(pushNext(server, tip).text).toContain("bad-input");
      writeFileSync(endOf(server), end);
      expect(pushNext(server, tip).status).toBe(0);
    }));

  it("denies when it is gone altogether, though no configuration names it (bad-input)", () =>
    withServer(main, (server) => {
      const tip = begun(server);
      server.server.git(["config", "--unset", "signpolicy.record"]);
      rmSync(folderOf(server), { recursive: true });
      expect(pushNext(server, tip).text).toContain("is gone");
      expect(record(server, "baseline").text).toContain("began");
      expect(pushNext(server, tip).status).toBe(0);
    }));

  it("is told from one whose last line was cut off by a crash: that one goes on, and the next push mends it", () =>
    withServer(main, (server) => {
      const tip = begun(server);
      appendFileSync(recordOf(server), '{"seq":9,"prev":"00');
      expect(verified(server)).toMatchObject({ sound: true, cutOff: true });
      const next = server.commit(alice, { parents: [tip] });
      expect(server.push([`${next}:refs/heads/main`]).status).toBe(0);
      expect(verified(server)).toMatchObject({ sound: true, cutOff: false });
    }));

  it("is told from one that is ahead of its note, as after a crash between the two", () =>
    withServer(main, (server) => {
      const tip = begun(server);
      const end = readFileSync(endOf(server));
      const next = server.commit(alice, { parents: [tip] });
      expect(server.push([`${next}:refs/heads/main`]).status).toBe(0);
      writeFileSync(endOf(server), end);
      expect(verified(server).sound).toBe(true);
      expect(pushNext(server, next).status).toBe(0);
      expect(verified(server).sound).toBe(true);
    }));
});

describe("a record that was changed", () => {
  it.each<[string, (lines: string[]) => string[]]>([
    [
      "a rule is written in that never passed it",
      (lines) => lines.map((line) => line.replace('"rules":[]', '"rules":["main"]')),
    ],
    [
      "a time is made earlier",
      (lines) => lines.map((line, at) => (at === 3 ? line.replace(/"at":"\d{4}/, '"at":"2001') : line)),
    ],
    ["a line is dropped", (lines) => lines.filter((_, at) => at !== 3)],
    ["two lines change places", (lines) => [...lines.slice(0, 3), lines[4] ?? "", lines[3] ?? "", ...lines.slice(5)]],
    ["a line is written twice", (lines) => lines.flatMap((line, at) => (at === 3 ? [line, line] : [line]))],
  ])("denies when %s, and names the line (bad-input)", (_, damage) =>
    withServer(policyOf([mainRule], { unmatched: "allow" }), (server) => {
      const tip = begun(server);
      expect(server.push([`${server.commit(null)}:refs/heads/wip`]).status).toBe(0);
      writeFileSync(recordOf(server), `${damage(linesOf(server)).join("\n")}\n`);
      const refused = pushNext(server, tip);
      expect(refused.text).toContain("bad-input");
      const report = verified(server);
      expect(report.sound).toBe(false);
      expect(report.problems.join()).toMatch(/record\.jsonl, line \d/);
      // What an administrator takes up anew keeps the old files as evidence.
      expect(record(server, "baseline").text).toContain("kept in");
      const [aside] = readdirSync(folderOf(server)).filter((name) => name.startsWith("record-before-"));
      expect(existsSync(join(folderOf(server), aside ?? "", "record.jsonl"))).toBe(true);
      expect(pushNext(server, tip).status).toBe(0);
    }),
  );

  it("denies when it is another repository's, with its note and its name (bad-input)", () =>
    withServer(main, async (server) => {
      begun(server);
      await withServer(main, (other) => {
        const tip = begun(other, bob);
        const id = server.server.git(["config", "signpolicy.record"]);
        cpSync(recordOf(server), recordOf(other));
        cpSync(endOf(server), endOf(other));
        other.server.config("signpolicy.record", id);
        expect(pushNext(other, tip).text).toContain("another repository");
      });
    }));
});

describe("a long record", () => {
  const many = policyOf([mainRule, { name: "topics", refs: ["refs/heads/t/**"], commits: { signedBy: ["devs"] } }]);
  const count = 700;
  const crowd = (oid: string, round: number): string[] =>
    Array.from({ length: count }, (_, at) => `${oid}:refs/heads/t/${String(round)}/${String(at)}`);
  const grown = (server: PushServer): string => {
    const tip = begun(server);
    for (let round = 0; round < 3; round += 1) expect(server.push(crowd(tip, round)).status).toBe(0);
    return tip;
  };

  it("goes on in a new file that holds what the old ones come to, so that a push reads one", () =>
    withServer(many, (server) => {
      const tip = grown(server);
      const files = readdirSync(folderOf(server)).filter((name) => /^record\.\d+\.jsonl$/.test(name));
      expect(files.length).toBeGreaterThan(0);
      const report = verified(server);
      expect(report).toMatchObject({ sound: true, moved: [] });
      expect(report.files).toBe(files.length + 1);
      expect(report.entries).toBeGreaterThan(3 * count);
      rmSync(join(folderOf(server), files[0] ?? ""));
      expect(pushNext(server, tip).status).toBe(0);
      expect(verified(server).problems.join()).toContain("is gone");
    }));

  it("shows what was changed in an old file, which no push reads", () =>
    withServer(many, (server) => {
      grown(server);
      const file = join(folderOf(server), "record.000001.jsonl");
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.replace(`t/0/5"`, `t/0/x"`));
      expect(verified(server).problems.join()).toMatch(/record\.000001\.jsonl, line \d+/);
      // Made anew with a sound chain of its own, it no longer fits the file behind it.
      writeFileSync(file, `${text.trimEnd().split("\n").slice(0, -1).join("\n")}\n`);
      expect(verified(server).problems.join()).toContain("does not follow");
      writeFileSync(file, text);
      expect(verified(server).sound).toBe(true);
    }));

  it("still denies when its newest file was cut off (bad-input)", () =>
    withServer(many, (server) => {
      const tip = grown(server);
      writeFileSync(recordOf(server), `${linesOf(server).slice(0, 1).join("\n")}\n`);
      expect(pushNext(server, tip).text).toContain("bad-input");
    }));
});

describe("pushes at the same time", () => {
  const topics = policyOf([{ name: "topics", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } }]);

  const pushes = (server: PushServer, refspecs: readonly string[]): Promise<number | null> =>
    new Promise((resolve) => {
      const child = spawn("git", ["push", "--no-verify", "-q", "origin", ...refspecs], {
        cwd: server.clone.dir,
        env: { ...server.clone.env },
        stdio: "ignore",
      });
      child.once("close", resolve);
    });

  it("are all written down, one after the other", () =>
    withServer(topics, async (server) => {
      const tip = begun(server);
      const commits = Array.from({ length: 8 }, (_, at) =>
        server.commit(at % 2 === 0 ? alice : bob, { parents: [tip] }),
      );
      const codes = await Promise.all(commits.map((oid, at) => pushes(server, [`${oid}:refs/heads/t${String(at)}`])));
      expect(codes).toEqual(commits.map(() => 0));
      const report = verified(server);
      expect(report).toMatchObject({ sound: true, moved: [] });
      const shown = JSON.parse(record(server, "show", "--format", "json").text) as {
        entries: { kind: string; new?: string }[];
      };
      const landed = shown.entries.flatMap((entry) => (entry.kind === "landed" ? [entry.new] : []));
      expect(landed).toEqual(expect.arrayContaining(commits));
    }));

  it("do not wait for one that was killed while it wrote", () =>
    withServer(topics, (server) => {
      const tip = begun(server);
      const lock = join(folderOf(server), "record.lock");
      const gone = server.server.run(process.execPath, ["-e", "console.log(process.pid, require('os').hostname())"]);
      const [pid, host] = gone.stdout.toString().trim().split(" ");
      writeFileSync(lock, JSON.stringify({ pid: Number(pid), host, token: "x" }));
      expect(pushNext(server, tip).status).toBe(0);
      expect(existsSync(lock)).toBe(false);
      expect(verified(server)).toMatchObject({ sound: true, moved: [] });
    }));
});

describe("an entry of the record", () => {
  it("says who pushed what, under which policy, what passed it and what was let through", () =>
    withServer(
      policyOf([mainRule, { name: "soft", refs: ["refs/heads/soft"], commits: { signedBy: ["devs"], level: "warn" } }]),
      (server) => {
        begun(server);
        const oid = server.commit(null);
        expect(server.push([`${oid}:refs/heads/soft`], { REMOTE_USER: "carol" }).status).toBe(0);
        const shown = JSON.parse(record(server, "show", "--format", "json").text) as { entries: object[] };
        expect(shown.entries.slice(-2)).toMatchObject([
          {
            kind: "push",
            by: { via: "REMOTE_USER", name: "carol", uid: process.getuid?.() ?? null },
            policy: {
              source: expect.stringMatching(/^file:/) as unknown,
              digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as unknown,
            },
            certificate: null,
          },
          { kind: "landed", ref: "refs/heads/soft", old: null, new: oid, rules: [], warned: ["unsigned"] },
        ]);
      },
    ));
});
