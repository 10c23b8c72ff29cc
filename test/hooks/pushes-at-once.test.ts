/**
 * Many pushes at once, each with objects of its own in a quarantine: to one ref and to many, atomic or not, signed and unsigned, some
 * refused by git after the hook allowed them. Whatever lands was verified; the record, which takes each verdict from where
 * `pre-receive` left it, says of each landing what a run that remembers nothing says; and what was left behind vouches for nothing.
 */
import { describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  alice,
  BIN,
  bob,
  eve,
  mainRule,
  policyOf,
  principal,
  withServer,
  type PushServer,
} from "../support/push-server.ts";

const policy = policyOf(
  [
    { ...mainRule, updates: { force: "deny" } },
    { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } },
  ],
  { principals: { alice: principal(alice), bob: principal(bob), eve: principal(eve) } },
);

const MAIN = "refs/heads/main";

async function pushAll(server: PushServer, pushes: readonly (readonly string[])[]): Promise<readonly number[]> {
  const running = pushes.map((words) => {
    const options = { cwd: server.clone.dir, env: server.clone.env, stdio: "ignore" } as const;
    return once(spawn("git", ["push", "-q", "--no-verify", ...words], options), "exit");
  });
  return (await Promise.all(running)).map(([status]) => status as number);
}

const record = (server: PushServer, word: string): { readonly status: number | null; readonly text: string } => {
  const { status, stdout } = server.server.run(process.execPath, [BIN, "record", word]);
  return { status, text: stdout.toString() };
};

interface Landing {
  readonly ref: string;
  readonly start: string;
  readonly rules: readonly string[];
}

/** In the order in which they were written down. */
const landings = (server: PushServer): readonly Landing[] =>
  [...record(server, "show").text.matchAll(/landed (\S+) \w+\.\.(\w+), passed by (.*)$/gm)].map(
    ([, ref = "", start = "", by = ""]) => ({
      ref,
      start,
      rules: [...by.matchAll(/"([^"]+)"/g)].map(([, rule = ""]) => rule),
    }),
  );

/** What landed, and what the record says of it, hold on their own. */
function expectTrue(server: PushServer, good: ReadonlySet<string>): void {
  expect(record(server, "verify").status).toBe(0);
  const listed = server.server.git(["for-each-ref", "--format=%(refname) %(objectname)"]).split("\n");
  const written = landings(server);
  for (const line of listed) {
    const [ref = "", oid = ""] = line.split(" ");
    expect(good).toContain(oid);
    const last = written.filter((landing) => landing.ref === ref).at(-1);
    expect([ref, oid.startsWith(last?.start ?? "none")]).toEqual([ref, true]);
    expect([ref, last?.rules]).toEqual([ref, ref === MAIN ? ["main", "branches"] : ["branches"]]);
  }
  rmSync(join(server.server.gitDir, "signpolicy", "frontier"), { force: true });
  expect(server.verify(["--all"]).status).toBe(0);
}

describe("pushes at once", () => {
  it("land where they were verified, and the record says by which rules, whoever came first", () =>
    withServer(policy, async (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:${MAIN}`]).status).toBe(0);
      // git asks it after our hook, ref by ref.
      const hook = join(server.server.gitDir, "hooks", "update");
      writeFileSync(hook, '#!/bin/sh\ncase "$1" in */refused) exit 1;; esac\n', { mode: 0o755 });
      const good = new Set<string>([first]);
      const bad = server.commit(null, { parents: [first] });
      let standing: string = first;
      for (let round = 0; round < 2; round += 1) {
        const commit = (who: typeof alice): string => {
          const oid = server.commit(who, { parents: [standing] });
          good.add(oid);
          return oid;
        };
        const [one, two, byEve, shared] = [commit(alice), commit(bob), commit(eve), commit(bob)];
        const topic = `refs/heads/${String(round)}`;
        const pushes = [
          ["origin", `${one}:${MAIN}`],
          ["origin", `${two}:${MAIN}`, `${two}:${topic}/two`],
          ["--atomic", "origin", `${two}:${MAIN}`, `${two}:${topic}/refused`],
          ["origin", `${byEve}:${MAIN}`],
          ["origin", `${byEve}:${topic}/eve`],
          ["origin", `${bad}:${topic}/bad`],
          ["origin", `${shared}:${topic}/shared`],
          ["origin", `${shared}:${topic}/shared`],
          ["origin", `${shared}:${topic}/refused`, `${shared}:${topic}/beside`],
        ];
        const statuses = await pushAll(server, pushes);
        // One of the two that may.
        standing = server.value(MAIN) ?? "";
        expect([one, two]).toContain(standing);
        expect(statuses.map((status) => status === 0)).toMatchObject({
          2: false,
          3: false,
          4: true,
          5: false,
          8: false,
        });
        expect(["bad", "refused"].map((name) => server.value(`${topic}/${name}`))).toEqual([null, null]);
        expect(["eve", "shared", "beside"].map((name) => server.value(`${topic}/${name}`))).toEqual([
          byEve,
          shared,
          shared,
        ]);
        expectTrue(server, good);
      }
      // What was left behind is of refs that git refused; the same commit unsigned, and what was never allowed, still are.
      expect(readdirSync(join(server.server.gitDir, "signpolicy", "pending")).length).toBeLessThanOrEqual(6);
      expect(server.push([`${server.commit(null, { parents: [standing] })}:${MAIN}`]).text).toContain("unsigned");
      expect(server.push([`${server.commit(eve, { parents: [standing] })}:${MAIN}`]).text).toContain(
        "signer-not-permitted",
      );
      const last = server.commit(alice, { parents: [standing] });
      expect(server.push([`${last}:${MAIN}`]).status).toBe(0);
      expectTrue(server, good.add(last));
    }));

  it("that both bring one update, each with a verdict of its own, land once and are written down once", () =>
    withServer(policy, async (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:${MAIN}`]).status).toBe(0);
      // Both judge at once, and wait for each other's verdict to be left before git moves the ref.
      const hook = join(server.server.gitDir, "hooks", "pre-receive");
      const pending = join(server.server.gitDir, "signpolicy", "pending");
      const program = `'${process.execPath}' '${BIN}' hook pre-receive`;
      const wait = `n=0; while [ "$(ls '${pending}' | wc -l)" -lt 2 ] && [ $n -lt 100 ]; do n=$((n+1)); sleep 0.1; done`;
      writeFileSync(hook, `#!/bin/sh\nunset NODE_OPTIONS\n${program} || exit 1\n${wait}\nexit 0\n`, { mode: 0o755 });
      const next = server.commit(bob, { parents: [first] });
      const statuses = await pushAll(server, [
        ["origin", `${next}:${MAIN}`],
        ["origin", `${next}:${MAIN}`],
      ]);
      expect(statuses).toContain(0);
      expectTrue(server, new Set([first, next]));
      expect(landings(server).filter(({ start }) => next.startsWith(start))).toHaveLength(1);
    }));
});
