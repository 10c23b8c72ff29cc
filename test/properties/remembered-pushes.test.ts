/**
 * A server that remembers (git's word, the policy that passed, what was authenticated from a trust root, which keys fell) gives each
 * push the verdict, to the word, of one that remembers nothing but its record: whatever was pushed, moved, configured and marked
 * before, from an administrator's file, from the policy's branch and from a trust root.
 */
import { afterAll, expect, it } from "@jest/globals";
import fc from "fast-check";
import { itHolds } from "../support/fuzz.ts";
import { DAY, PLACES, TwinServers } from "../support/twin-servers.ts";

const REFS = ["refs/heads/main", "refs/heads/main", "refs/heads/release", "refs/heads/功/x"];

const of = <T>(list: readonly T[], at: number): T => list[at % list.length] as T;

type Step = (servers: TwinServers, a: number, b: number) => Promise<void> | void;

let allowed = 0;
let pushes = 0;
let remembered = 0;

const push =
  (updates: (servers: TwinServers, a: number, b: number) => Parameters<TwinServers["push"]>[0]): Step =>
  async (servers, a, b) => {
    const [remembering, forgetful] = await servers.push(updates(servers, a, b), b % 3 !== 0);
    expect(remembering).toEqual(forgetful);
    pushes += 1;
    allowed += forgetful.allowed ? 1 : 0;
    remembered += servers.remembered;
  };

const forward = (servers: TwinServers, ref: string, at: number) => {
  const children = servers.childrenOf(servers.value(ref));
  return { ref, value: of(children.length === 0 ? servers.commits : children, at) };
};

const STEPS: Readonly<Record<string, Step>> = {
  "a push onwards": push((servers, a, b) => [forward(servers, of(REFS, a), b)]),
  "one more push onwards": push((servers, a, b) => [forward(servers, of(REFS, a), b)]),
  "and one more": push((servers, a, b) => [forward(servers, "refs/heads/main", a + b)]),
  "a push of anything": push((servers, a, b) => [{ ref: of(REFS, a), value: of(servers.commits, b) }]),
  "a push to two refs": push((servers, a, b) => [
    forward(servers, "refs/heads/main", a),
    { ref: "refs/heads/topic", value: of(servers.commits, b) },
  ]),
  "a deletion": push((_, a) => [{ ref: of(REFS, a), value: null }]),
  "a tag": push((servers, a) => [{ ref: "refs/tags/v1", value: of(servers.tags, a) }]),
  "an administrator's policy": (servers, a) => servers.putPolicy(a),
  "a policy of another branch": (servers, a) =>
    servers.git("config", "signpolicy.policyRef", of(["refs/heads/main", "refs/heads/release"], a)),
  "no other policy": (servers) => servers.git("config", "--unset-all", "signpolicy.policyRef"),
  "other configuration": (servers, a) => servers.git("config", "core.x", String(a)),
  "an include": (servers) => servers.include("[include]\n\tpath = more\n"),
  "packed refs": (servers) => servers.git("pack-refs", "--all"),
  "a ref that moves by itself": (servers, a, b) => servers.git("update-ref", of(REFS, a), of(servers.commits, b)),
  "time that goes by": (servers, a) => void (servers.now += of([1, 600, DAY, 6 * DAY], a)),
  "time that goes back": (servers, a) => void (servers.now -= of([1, 600, DAY], a)),
};

const number = fc.nat({ max: 59 });
const step = fc.record({ what: fc.constantFrom(...Object.keys(STEPS)), a: number, b: number });
const story = fc.record({ place: fc.constantFrom(...PLACES), steps: fc.array(step, { minLength: 8, maxLength: 20 }) });

const twins = new Set<TwinServers>();
afterAll(() => {
  for (const servers of twins) servers.remove();
});

itHolds(
  "a push is judged with what is remembered as without",
  () =>
    fc.asyncProperty(story, async ({ place, steps }) => {
      const servers = new TwinServers(place);
      twins.add(servers);
      for (const { what, a, b } of steps) await STEPS[what]?.(servers, a, b);
      servers.remove();
      twins.delete(servers);
    }),
  { runs: 5 },
);

it("and many are allowed, and much is remembered, or that would prove nothing", () => {
  if (process.env["SLOW"] === "1") return;
  expect(pushes).toBeGreaterThan(20);
  expect(allowed).toBeGreaterThan(8);
  expect(remembered).toBeGreaterThan(pushes);
});
