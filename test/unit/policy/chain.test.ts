import { describe, expect, it } from "@jest/globals";
import type { ObjectId } from "../../../src/model.ts";
import { PolicyChain } from "../../../src/policy/chain.ts";

const id = (name: string): ObjectId => name as ObjectId;
const policy = (name: string) => ({ id: name });
const make = (via = "root") => new PolicyChain([id("root")], policy("p0"), id(via));
const ids = (chain: PolicyChain<{ id: string }>, ...parents: string[]): string[] =>
  chain.governing(parents.map(id)).map((link) => link.policy.id);

type Chain = PolicyChain<{ id: string }>;
/** `p` is what the commit hands on; `changed` where it made that itself; null where it is not authenticated. */
const add = (chain: Chain, oid: string, parents: string[], p: string | null, changed = false): void => {
  const accepted = p === null ? null : { policy: policy(p), changed, path: parents.map(id) };
  chain.add(id(oid), parents.map(id), accepted);
};

describe("the policy that judges a commit", () => {
  it("is its parent's, changed or handed on", () => {
    const chain = make();
    add(chain, "a", ["root"], "p0");
    add(chain, "b", ["a"], "p1", true);
    expect(ids(chain, "a")).toEqual(["p0"]);
    expect(ids(chain, "b")).toEqual(["p1"]);
  });

  it("is the newest of a merge's parents, whichever comes first, and all where none is newest", () => {
    const chain = make();
    add(chain, "feature", ["root"], "p0");
    add(chain, "main", ["root"], "p1", true);
    add(chain, "other", ["root"], "p2", true);
    expect(ids(chain, "feature", "main")).toEqual(["p1"]);
    expect(ids(chain, "main", "feature")).toEqual(["p1"]);
    expect(ids(chain, "main", "other").sort()).toEqual(["p1", "p2"]);
  });

  it("is not an old one that came back: whoever took the change in is newer (a dropped change is a change)", () => {
    const chain = make();
    add(chain, "main", ["root"], "p1", true);
    add(chain, "back", ["main"], "p0", true);
    add(chain, "feature", ["root"], "p0");
    expect(ids(chain, "back", "main")).toEqual(["p0"]);
    expect(chain.governing([id("back"), id("feature")])[0]?.changes).toEqual(["back"]);
  });

  it("is never that of a commit that is not authenticated, does not descend, or is unknown", () => {
    const chain = make();
    add(chain, "bad", ["root"], null);
    expect(ids(chain, "bad")).toEqual([]);
    expect(chain.descends(id("bad"))).toBe(true);
    expect(ids(chain, "orphan")).toEqual([]);
    expect(chain.descends(id("orphan"))).toBe(false);
    expect(ids(chain, "root", "bad", "orphan")).toEqual(["p0"]);
  });

  it("is the newest for what knew of it, whichever of two equal changes that was", () => {
    for (const known of ["c1", "c2"]) {
      const chain = make();
      add(chain, "c1", ["root"], "p1", true);
      add(chain, "c2", ["root"], "p1", true);
      add(chain, "both", ["c1", "c2"], "p1");
      add(chain, "later", [known], "p3", true);
      add(chain, "beside", ["root"], "p3", true);
      expect(ids(chain, "both", "later")).toEqual(["p3"]);
      expect(ids(chain, "later", "both")).toEqual(["p3"]);
      expect(ids(chain, "both", "beside")).toEqual(["p1", "p3"]);
    }
  });

  it("knows which commits a path leads through", () => {
    const chain = make("a");
    add(chain, "a", ["root"], "p0");
    add(chain, "b", ["root"], "p0");
    add(chain, "m", ["b", "a"], "p0");
    expect(chain.link(id("a"))?.through).toBe(true);
    expect(chain.link(id("b"))?.through).toBe(false);
    expect(chain.link(id("m"))?.through).toBe(true);
  });
});
