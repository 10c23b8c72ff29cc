import { describe, expect, it } from "@jest/globals";
import { concatBytes } from "../../../../src/encoding/bytes.ts";
import type { Bytes } from "../../../../src/model.ts";
import { PacketReader } from "../../../../src/signature/openpgp/packets.ts";
import { readHashedFacts, readIssuerHints, splitSubpackets } from "../../../../src/signature/openpgp/subpackets.ts";
import {
  bytes,
  created,
  eddsaKey,
  issuerFingerprint,
  issuerKeyId,
  keyFlags,
  keyLifetime,
  lifetime,
  notation,
  reason,
  revocationKey,
  subpacket,
} from "../../../support/openpgp.ts";

const split = (area: Bytes): ReturnType<typeof splitSubpackets> => splitSubpackets(new PacketReader(area, "test"));
const facts = (...parts: Bytes[]): ReturnType<typeof readHashedFacts> => readHashedFacts(split(concatBytes(...parts)));
const hints = (...parts: Bytes[]): ReturnType<typeof readIssuerHints> => readIssuerHints(split(concatBytes(...parts)));

describe("splitSubpackets", () => {
  it("reads lengths of one, two and five octets, and the critical bit", () => {
    const [only, ...others] = split(bytes(2, 0x82, 7));
    expect(only).toMatchObject({ type: 2, critical: true });
    expect(only?.body.rest()).toEqual(bytes(7));
    expect(others).toEqual([]);
    const two = concatBytes(bytes(192, 9, 100), Buffer.alloc(200));
    expect(split(two)).toMatchObject([{ type: 100, critical: false }]);
    const [long] = split(bytes(255, 0, 0, 0, 1, 100));
    expect(long).toMatchObject({ type: 100, critical: false });
    expect(long?.body.left).toBe(0);
  });
  it("refuses an empty subpacket, and one that is cut off (ERR_PARSE)", () => {
    expect(() => split(bytes(0))).toThrowCode("ERR_PARSE");
    expect(() => split(bytes(3, 2, 7))).toThrowCode("ERR_PARSE");
  });
});

describe("readHashedFacts", () => {
  it("reads what a signature says", () => {
    const bob = eddsaKey({ seed: 2 });
    expect(facts(created(5), lifetime(6), keyLifetime(7), keyFlags(3), reason(1), revocationKey(bob))).toEqual({
      created: 5,
      lifetime: 6,
      keyLifetime: 7,
      keyFlags: 3,
      revocationReason: 1,
      revokers: [bob.fingerprint],
      notUnderstood: null,
      repeats: false,
    });
  });
  it("takes a lifetime of zero for none, and no flags for other than none set", () => {
    expect(facts(lifetime(0), keyLifetime(0))).toMatchObject({ lifetime: null, keyLifetime: null, keyFlags: null });
    expect(facts(subpacket(27, bytes()))).toMatchObject({ keyFlags: 0 });
  });
  it("takes no reason where two are given, or an empty one", () => {
    expect(facts(reason(1), reason(1)).revocationReason).toBeNull();
    expect(facts(subpacket(29, bytes())).revocationReason).toBeNull();
  });
  it("names what is critical and not understood, and sees what is said twice", () => {
    expect(facts(notation("a@b", true)).notUnderstood).toBe("a critical notation");
    expect(facts(subpacket(99, bytes(), true)).notUnderstood).toBe("a critical subpacket of type 99");
    expect(facts(created(1), created(1)).repeats).toBe(true);
  });
  it("refuses times of the wrong size (ERR_PARSE)", () => {
    expect(() => facts(subpacket(2, bytes(1, 2, 3)))).toThrowCode("ERR_PARSE");
    expect(() => facts(subpacket(9, bytes(1, 2, 3, 4, 5)))).toThrowCode("ERR_PARSE");
  });
});

describe("readIssuerHints", () => {
  const alice = eddsaKey();
  it("collects key ids and fingerprints, with the version of their key", () => {
    expect(hints(issuerKeyId(alice), issuerFingerprint(alice))).toEqual({
      keyIds: [alice.keyId],
      fingerprints: [{ version: 4, fingerprint: alice.fingerprint }],
    });
  });
  it("refuses names of the wrong size (ERR_PARSE)", () => {
    expect(() => hints(subpacket(16, bytes(1, 2, 3)))).toThrowCode("ERR_PARSE");
    expect(() => hints(subpacket(16, Buffer.alloc(9)))).toThrowCode("ERR_PARSE");
    expect(() => hints(subpacket(33, concatBytes(bytes(4), Buffer.alloc(32))))).toThrowCode("ERR_PARSE");
    expect(() => hints(subpacket(33, concatBytes(bytes(6), Buffer.alloc(20))))).toThrowCode("ERR_PARSE");
    expect(() => hints(subpacket(33, bytes()))).toThrowCode("ERR_PARSE");
  });
});
