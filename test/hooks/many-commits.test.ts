/** GitHub Enterprise gives all hooks of a push five seconds: a long push must be judged within them. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, BIN, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const COMMITS = 10_000;
const BUDGET = 5;

/** Lets `pre-receive` tell what it took of the processor, its git children included: a busy machine adds nothing to that. */
function timeHook(server: PushServer): () => number {
  const file = join(server.server.root, "times");
  const path = join(server.server.gitDir, "hooks", "pre-receive");
  const run = `'${process.execPath}' '${BIN}' hook pre-receive "$@"`;
  // times(1p): the shell's own user and system time, then those of its children.
  writeFileSync(path, `#!/bin/sh\nunset NODE_OPTIONS\n${run}\nstatus=$?\ntimes >'${file}'\nexit $status\n`);
  chmodSync(path, 0o755);
  return () =>
    [...readFileSync(file, "latin1").matchAll(/(\d+)m([\d.]+)s/g)].reduce(
      (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
      0,
    );
}

describe("a push of 10,000 signed commits", () => {
  it(
    "is judged within five seconds of one processor, and one unsigned among them is found (unsigned)",
    () =>
      withServer(policyOf([mainRule]), (server) => {
        const cost = timeHook(server);
        const root = server.commit(alice);
        const chain = server.chain(alice, COMMITS, root);
        const tip = chain.at(-1) ?? root;
        expect(server.push([`${tip}:refs/heads/main`]).status).toBe(0);
        expect(server.value("refs/heads/main")).toBe(tip);
        expect(cost()).toBeLessThan(BUDGET);

        const middle = server.commit(null, { parents: [tip] });
        const more = server.chain(alice, 200, middle).at(-1) ?? middle;
        const refused = server.push([`${more}:refs/heads/main`]);
        expect(refused.text).toContain("unsigned");
        expect(refused.text).toContain(middle.slice(0, 7));
        expect(server.value("refs/heads/main")).toBe(tip);
      }),
    240_000,
  );
});
