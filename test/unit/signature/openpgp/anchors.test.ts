import { describe, expect, it } from "@jest/globals";
import { OpenPgpAnchors } from "../../../../src/signature/openpgp/anchors.ts";
import { readCertificate } from "../../../../src/signature/openpgp/certificate.ts";
import { eddsaKey, simpleCertificate, withSubkey } from "../../../support/openpgp.ts";

const alice = eddsaKey({ seed: 1 });
const sub = eddsaKey({ seed: 3 });

describe("OpenPgpAnchors", () => {
  const entry = (bytes: Uint8Array, principal: string) =>
    ({ kind: "openpgp", certificate: readCertificate(bytes), principal, window: {} }) as const;
  const anchors = new OpenPgpAnchors([entry(withSubkey(alice, sub), "alice"), entry(simpleCertificate(sub), "bob")]);
  it("finds every key and subkey with an id, in the order of the policy", () => {
    expect(anchors.candidates(alice.keyId).map(({ entry: { principal } }) => principal)).toEqual(["alice"]);
    expect(anchors.candidates(sub.keyId).map(({ entry: { principal } }) => principal)).toEqual(["alice", "bob"]);
  });
  it("finds nothing else", () => {
    expect(anchors.candidates("0000000000000000")).toEqual([]);
    expect(anchors.candidates(alice.keyId.slice(8))).toEqual([]);
  });
});
