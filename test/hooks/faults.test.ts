/**
 * Faults, injected: the hook is killed at any moment, the disk is full, git is missing, fails or stops half-way, the client
 * goes away, two pushes race. In each: nothing lands that was not verified, nothing is recorded that did not happen, the
 * pusher is told in words, and the next push works.
 */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, BIN, bob, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const MAIN = "refs/heads/main";
const ZERO = "0".repeat(40);
const guarded = policyOf([{ ...mainRule, refs: ["refs/heads/**"], updates: { force: "deny" } }]);

/** Puts a line of shell before the hook's program, `$hook` being its command line. */
function wrapHook(server: PushServer, name: string, script: string): void {
  const path = join(server.server.gitDir, "hooks", name);
  writeFileSync(path, `#!/bin/sh\nunset NODE_OPTIONS\nhook="'${process.execPath}' '${BIN}' hook ${name}"\n${script}\n`);
  chmodSync(path, 0o755);
}

const restore = (server: PushServer): void =>
  ["pre-receive", "post-receive"].forEach((name) => wrapHook(server, name, 'eval "exec $hook"'));

const record = (server: PushServer, ...args: string[]): { status: number; text: string } => {
  const { status, stdout, stderr } = server.server.run(process.execPath, [BIN, "record", ...args]);
  return { status: status ?? -1, text: `${stdout.toString("latin1")}${stderr}` };
};

function started(server: PushServer): string {
  const first = server.commit(alice);
  expect(server.push([`${first}:${MAIN}`]).status).toBe(0);
  return first;
}

/** The end of every fault: the record is sound and tells what stands, an unsigned push is refused, a signed one lands. */
function expectSound(server: PushServer): void {
  restore(server);
  const standing = server.value(MAIN);
  const parents = standing === null ? [] : [standing];
  expect(server.push([`${server.commit(null, { parents })}:${MAIN}`]).text).toContain("unsigned");
  const next = server.commit(alice, { parents });
  expect(server.push([`${next}:${MAIN}`]).text).toContain("-> main");
  expect(server.value(MAIN)).toBe(next);
  expect(record(server, "verify").status).toBe(0);
  expect(record(server, "show").text).toContain(next.slice(0, 8));
}

describe("a hook that is killed", () => {
  it.each([0.03, 0.08, 0.14, 0.22])("after %d s has allowed nothing", (seconds) =>
    withServer(guarded, (server) => {
      const first = started(server);
      wrapHook(server, "pre-receive", `eval "exec timeout -s KILL ${String(seconds)} $hook"`);
      const bad = server.commit(null, { parents: [first] });
      expect(server.push([`${bad}:${MAIN}`]).status).not.toBe(0);
      const good = server.commit(bob, { parents: [first] });
      const landed = server.push([`${good}:${MAIN}`]).status === 0;
      expect(server.value(MAIN)).toBe(landed ? good : first);
      expect(record(server, "show").text).not.toContain(bad.slice(0, 8));
      expectSound(server);
    }),
  );

  it.each([0, 0.1])("after %d s as post-receive leaves a record that the next push mends", (seconds) =>
    withServer(guarded, (server) => {
      const first = started(server);
      wrapHook(
        server,
        "post-receive",
        seconds === 0 ? "kill -9 $$" : `eval "exec timeout -s KILL ${String(seconds)} $hook"`,
      );
      const good = server.commit(bob, { parents: [first] });
      expect(server.push([`${good}:${MAIN}`]).text).toContain("-> main");
      expect(server.value(MAIN)).toBe(good);
      expectSound(server);
    }),
  );
});

/** Moments between nothing done and all done, no two runs the same; which they were is told when one fails. */
const moments = (count: number, most: number): readonly number[] =>
  Array.from({ length: count }, () => Number((Math.random() * most).toFixed(3)));

describe("a post-receive that is killed at moments that nobody chose", () => {
  it(
    "leaves a record that holds each time, and the next push is judged and written down",
    () =>
      withServer(guarded, (server) => {
        let standing = started(server);
        for (const seconds of moments(10, 0.4)) {
          wrapHook(server, "post-receive", `eval "exec timeout -s KILL ${String(seconds)} $hook"`);
          const good = server.commit(bob, { parents: [standing] });
          expect(server.push([`${good}:${MAIN}`]).text).toContain("-> main");
          expect([seconds, record(server, "verify").status]).toEqual([seconds, 0]);
          // Who knows of the push and who does not both refuse what is not signed, and rewinds.
          const bad = server.commit(null, { parents: [good] });
          expect([seconds, server.push([`${bad}:${MAIN}`]).text]).toEqual([
            seconds,
            expect.stringContaining("unsigned"),
          ]);
          expect(server.push([`+${standing}:${MAIN}`]).text).toContain("ref-rollback");
          standing = good;
        }
        expectSound(server);
      }),
    180_000,
  );

  it("is told by record verify, until the next push has judged the ref again and written it down", () =>
    withServer(guarded, (server) => {
      const first = started(server);
      wrapHook(server, "post-receive", "kill -9 $$");
      const good = server.commit(bob, { parents: [first] });
      expect(server.push([`${good}:${MAIN}`]).text).toContain("-> main");
      const drifted = record(server, "verify");
      expect(drifted.status).toBe(0);
      expect(drifted.text).toContain(`stands at ${good.slice(0, 7)}`);
      expect(drifted.text.replace(/\s+/g, " ")).toContain("before it could write that down");
      restore(server);
      const next = server.commit(alice, { parents: [good] });
      expect(server.push([`${next}:${MAIN}`]).text).toContain("-> main");
      expect(record(server, "verify").text).not.toContain("stands at");
      expect(record(server, "show").text).toContain(next.slice(0, 8));
    }));
});

describe("a disk that takes nothing more", () => {
  it("refuses where the verdict cannot be kept, and says so", () =>
    withServer(guarded, (server) => {
      const first = started(server);
      wrapHook(server, "pre-receive", 'ulimit -f 0\neval "exec $hook"');
      const good = server.commit(bob, { parents: [first] });
      const result = server.push([`${good}:${MAIN}`]);
      expect(result.status).not.toBe(0);
      expect(result.text).toContain("remote: error: signpolicy: cannot write");
      expect(result.text).toContain("remote: hint: an administrator makes room");
      expect(server.value(MAIN)).toBe(first);
      expect(readdirSync(join(server.server.gitDir, "signpolicy", "pending"))).toEqual([]);
      expectSound(server);
    }));

  it("lets land what was verified where only the record cannot be written, and the next push tells the rest", () =>
    withServer(guarded, (server) => {
      const first = started(server);
      wrapHook(server, "post-receive", 'ulimit -f 0\neval "exec $hook"');
      const good = server.commit(bob, { parents: [first] });
      const result = server.push([`${good}:${MAIN}`]);
      expect(result.text).toContain("-> main");
      expect(result.text).toContain("remote: error: signpolicy: cannot write");
      expect(record(server, "show").text).not.toContain(good.slice(0, 8));
      expectSound(server);
    }));
});

/** A git before the real one that misbehaves at its nth call. Gives the environment in which it is found first. */
function brokenGit(server: PushServer, body: string): { PATH: string } {
  const folder = join(server.server.root, "bin");
  mkdirSync(folder, { recursive: true });
  const real = spawnSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).stdout.trim();
  const script = [
    "#!/bin/sh",
    `real='${real}'`,
    `calls='${folder}/calls'`,
    // One line a call; git's children of the hook run beside one another.
    'echo x >>"$calls"',
    'n=$(wc -l <"$calls")',
    body,
    'exec "$real" "$@"',
  ];
  writeFileSync(join(folder, "git"), `${script.join("\n")}\n`, { mode: 0o755 });
  rmSync(join(folder, "calls"), { force: true });
  return { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
}

const FAILURES = {
  "fails with 128": "exit 128",
  "fails with 1 and says nothing": "exit 1",
  "is killed": "kill -9 $$",
  "says nothing and that all is well": "exit 0",
  // Where git has written all of it already it waits for the next question: one that never ends is for limits.seconds.
  "stops in the middle of its answer": 'timeout 2 "$real" "$@" | head -c 60; exit 0',
  "stops in the middle of its answer and fails": 'timeout 2 "$real" "$@" | head -c 60; exit 141',
} as const;

describe("a git that breaks down", () => {
  it.each(Object.entries(FAILURES))(
    "and %s, at whichever call, lets no unsigned commit in",
    (_, failure) =>
      withServer(guarded, (server) => {
        const first = started(server);
        const bad = server.commit(null, { parents: [first] });
        const merged = server.commit(alice, { parents: [first, server.commit(null, { parents: [first] })] });
        server.share();
        for (let call = 1; call <= 6; call += 1) {
          const body = `[ "$n" -ne ${String(call)} ] || { ${failure}; }`;
          for (const oid of [bad, merged]) {
            const env = brokenGit(server, body);
            const result = server.callHook("pre-receive", `${first} ${oid} ${MAIN}\n`, env);
            expect([call, result.status]).not.toEqual([call, 0]);
            if (result.status !== 0) expect(result.text).toMatch(/^error: signpolicy: /m);
          }
        }
        expectSound(server);
      }),
    120_000,
  );

  it("refuses in words where git is gone, or an object's bytes end early (exit code 3 or 1)", () =>
    withServer(guarded, (server) => {
      const first = started(server);
      const good = server.commit(alice, { parents: [first] });
      server.share();
      const input = `${first} ${good} ${MAIN}\n`;
      expect(server.callHook("pre-receive", input, { PATH: "/nonexistent" })).toMatchObject({ status: 3 });
      for (const bytes of [1, 60, 200, 500]) {
        const cut = `case " $* " in *" cat-file "*) timeout 2 "$real" "$@" | head -c ${String(bytes)}; exit 0;; esac`;
        const result = server.callHook("pre-receive", input, brokenGit(server, cut));
        expect([bytes, result.status === 1 || result.status === 3]).toEqual([bytes, true]);
        expect(result.text).toMatch(/^error: signpolicy: /m);
      }
      expect(server.callHook("pre-receive", input).status).toBe(0);
    }));
});

describe("a policy that cannot be read", () => {
  it.each(["a folder", "a pipe that nobody writes to", "a link that leads nowhere", "a device"])(
    "refuses: %s",
    (what) =>
      withServer(guarded, (server) => {
        const first = started(server);
        const path = join(server.server.root, "policy.json");
        rmSync(path);
        const make = {
          "a folder": ["mkdir"],
          "a pipe that nobody writes to": ["mkfifo"],
          "a link that leads nowhere": ["ln", "-s", "/nonexistent"],
          "a device": ["ln", "-s", "/dev/zero"],
        }[what];
        expect(spawnSync(make?.[0] ?? "", [...(make?.slice(1) ?? []), path]).status).toBe(0);
        const started_ = Date.now();
        const result = server.push([`${server.commit(alice, { parents: [first] })}:${MAIN}`]);
        expect(result.status).not.toBe(0);
        expect(result.text).toMatch(/error: .*policy/);
        expect(Date.now() - started_).toBeLessThan(20_000);
        rmSync(path, { recursive: true });
        server.setPolicy(guarded);
        expectSound(server);
      }),
  );
});

/** Runs a push beside others; resolves with its exit code. */
function pushing(server: PushServer, oid: string, ref = MAIN): { done: Promise<number | null>; kill: () => void } {
  const child = spawn("git", ["push", "--no-verify", "origin", `${oid}:${ref}`], {
    cwd: server.clone.dir,
    env: server.clone.env,
    stdio: "ignore",
  });
  return {
    done: new Promise((resolve) => child.once("close", (status) => resolve(status))),
    kill: () => void child.kill("SIGKILL"),
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("pushes at the same time", () => {
  it("for one ref: one of the verified ones lands, the record says which, and the unsigned one never does", () =>
    withServer(guarded, async (server) => {
      const first = started(server);
      const good = [alice, bob, alice, bob].map((who) => server.commit(who, { parents: [first] }));
      const bad = server.commit(null, { parents: [first] });
      const statuses = await Promise.all([...good, bad].map((oid) => pushing(server, oid).done));
      const landed = good.filter((_, index) => statuses[index] === 0);
      expect(landed).toEqual([server.value(MAIN)]);
      expect(statuses[4]).not.toBe(0);
      const { text } = record(server, "show");
      for (const oid of [...good, bad])
        expect([oid, text.includes(oid.slice(0, 8))]).toEqual([oid, landed.includes(oid)]);
      expectSound(server);
    }));

  it("by a client that goes away while the hook judges: what lands was verified", () =>
    withServer(guarded, async (server) => {
      const first = started(server);
      const mark = join(server.server.root, "judged");
      wrapHook(server, "pre-receive", `sleep 0.5\neval "$hook"; code=$?; touch '${mark}'; exit $code`);
      for (const who of [null, bob]) {
        const oid = server.commit(who, { parents: [first] });
        const push = pushing(server, oid);
        await pause(250);
        push.kill();
        await push.done;
        for (let waited = 0; waited < 100 && !existsSync(mark); waited += 1) await pause(50);
        await pause(300);
        rmSync(mark, { force: true });
        expect(who === null ? [first] : [first, oid]).toContain(server.value(MAIN));
      }
      expectSound(server);
    }));
});

describe("a verdict that is left behind", () => {
  it("by a push that git refused after the hook had allowed it is not recorded, and vouches for nothing (unsigned)", () =>
    withServer(policyOf([mainRule], { unmatched: "allow" }), (server) => {
      const first = started(server);
      const good = server.commit(alice, { parents: [first] });
      server.share();
      expect(server.callHook("pre-receive", `${first} ${good} ${MAIN}\n`).status).toBe(0);
      expect(record(server, "show").text).not.toContain(good.slice(0, 8));
      // Another's push of another value, to another ref, must not be taken for it.
      const bad = server.commit(null, { parents: [good] });
      expect(server.push([`${bad}:refs/heads/wip`]).status).toBe(0);
      expect(server.push([`${bad}:${MAIN}`]).text).toContain("unsigned");
      expect(server.callHook("pre-receive", `${ZERO} ${bad} ${MAIN}\n`).status).toBe(1);
      expectSound(server);
    }));

  it("before the clock was set back is none: what it said is judged again", () =>
    withServer(policyOf([{ ...mainRule, refs: ["refs/heads/**"] }]), (server) => {
      const first = started(server);
      const bad = server.commit(null, { parents: [first] });
      server.share();
      const folder = join(server.server.gitDir, "signpolicy", "pending");
      const now = Math.floor(Date.now() / 1000);
      const said = { ref: "refs/heads/main", old: first, new: bad, rules: ["main"], forward: true, symbolic: null };
      const text = JSON.stringify({
        policy: { source: "x", digest: "y", serial: null },
        met: [],
        updates: [{ ...said, warned: [], override: null }],
        signed: null,
      });
      mkdirSync(folder, { recursive: true });
      // Only that it lies in the time to come differs: the other is what a landing is recorded by.
      for (const [at, isBelieved] of [
        [now + 60, false],
        [now - 60, true],
      ] as const) {
        writeFileSync(join(folder, `${at}-x.json`), text);
        server.server.updateRef("refs/heads/main", bad);
        server.callHook("post-receive", `${first} ${bad} ${MAIN}\n`);
        const next = server.commit(alice, { parents: [bad] });
        server.share();
        // What the rule passed on one ref counts on the others.
        expect(server.callHook("pre-receive", `${ZERO} ${next} refs/heads/x\n`).status === 0).toBe(isBelieved);
        for (const name of readdirSync(folder)) rmSync(join(folder, name));
        server.server.updateRef("refs/heads/main", first);
      }
    }));
});
