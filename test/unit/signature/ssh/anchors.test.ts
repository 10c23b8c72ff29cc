import { describe, expect, it } from "@jest/globals";
import { SshAnchors } from "../../../../src/signature/ssh/anchors.ts";
import { caEntry, ed25519Key, keyEntry } from "../../../support/ssh.ts";

const key = ed25519Key();

describe("SshAnchors", () => {
  it("finds keys and CAs by the bytes of the key, each in its own table", () => {
    const entry = keyEntry(key);
    const authority = caEntry(key);
    const anchors = new SshAnchors([entry, authority]);
    expect(anchors.keys(key.blob)).toEqual([entry]);
    expect(anchors.authorities(key.blob)).toEqual([authority]);
    expect(anchors.keys(ed25519Key().blob)).toEqual([]);
    expect(new SshAnchors([authority]).keys(key.blob)).toEqual([]);
  });
  it("joins what the policy says against a key wherever it stands", () => {
    const marks = (...windows: object[]) =>
      new SshAnchors(
        windows.map((window, at) => (at % 2 ? caEntry(key, { window }) : keyEntry(key, { window }))),
      ).marks(key.blob);
    expect(marks({}, {})).toEqual({});
    expect(marks({ until: 5 }, { from: 3 })).toEqual({});
    expect(marks({ retired: 9 }, { retired: 5 })).toEqual({ retired: 5 });
    expect(marks({ compromised: 9 }, { compromised: 5 })).toEqual({ compromised: 5 });
    expect(marks({ compromised: 9 }, { compromised: true })).toEqual({ compromised: true });
    expect(marks({ retired: 0 }, { compromised: 0 })).toEqual({ retired: 0, compromised: 0 });
  });
});
