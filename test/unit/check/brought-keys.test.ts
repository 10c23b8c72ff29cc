import { describe, expect, it } from "@jest/globals";
import { fallenKeys, type KeyStatement } from "../../../src/check/brought-keys.ts";

const id = (name: string): string => `${name} F-${name} ssh`;
const says = (by: string | null, brings: string[], more: Partial<KeyStatement> = {}): KeyStatement => ({
  by: by === null ? null : `${by} F-${by}`,
  key: by === null ? null : `F-${by}`,
  stands: true,
  first: false,
  brings: brings.map(id),
  vouches: [],
  ...more,
});
const stolen = { stands: false };
const fallen = (...statements: KeyStatement[]): object =>
  Object.fromEntries<string>([...fallenKeys(statements)].map(([key, by]) => [key.split(" ")[0] ?? "", by]));

describe("keys that a compromised key brought in", () => {
  it("fall, with those that they brought in, and name who did", () => {
    expect(fallen(says("thief", ["eve"], stolen), says("eve", ["mallory"]), says("alice", ["bob"]))).toEqual({
      eve: "F-thief",
      mallory: "F-eve",
    });
  });

  it("stand where somebody else brings them in or vouches for them, and take theirs along", () => {
    const brought = [says("thief", ["eve"], stolen), says("eve", ["mallory"])];
    expect(fallen(...brought, says("alice", ["eve"]))).toEqual({});
    expect(fallen(...brought, says("alice", [], { vouches: [id("eve")] }))).toEqual({});
    expect(fallen(...brought, says("alice", [], { vouches: [id("mallory")] }))).toEqual({ eve: "F-thief" });
  });

  it("do not stand by vouching for themselves or each other, nor by the key that fell", () => {
    const brought = says("thief", ["eve", "mallory"], stolen);
    const each = [
      says("eve", [], { vouches: [id("mallory"), id("eve")] }),
      says("mallory", [], { vouches: [id("eve")] }),
    ];
    expect(fallen(brought, ...each)).toEqual({ eve: "F-thief", mallory: "F-thief" });
    expect(fallen(brought, says("thief", [], { ...stolen, vouches: [id("eve")] }))).toHaveProperty("eve");
    expect(fallen(brought, ...each, says("alice", [], { vouches: [id("eve")] }))).toEqual({});
  });

  it("are held for what they are: another's, or a certificate authority, is another key", () => {
    const statements = [says("thief", [], { ...stolen, brings: ["bob F-bob sshCa"] }), says("bob", ["carol"])];
    // Who signs by it signs by either.
    expect(fallen(...statements)).toEqual({ bob: "F-thief", carol: "F-bob" });
    expect([...fallenKeys(statements).keys()]).toEqual(["bob F-bob sshCa", id("carol")]);
  });

  it("stand where nothing tells who signed, or where they were in the first policy of all", () => {
    expect(fallen(says(null, ["eve"]))).toEqual({});
    expect(fallen(says("alice", ["alice", "bob"], { first: true }))).toEqual({});
  });

  it("fall with the first policy of a history that a compromised key began", () => {
    const ours = says("alice", ["alice", "thief"], { first: true });
    expect(fallen(ours, says("thief", ["thief", "eve"], { first: true, ...stolen }))).toEqual({ eve: "F-thief" });
  });
});
