import { describe, expect, it } from "@jest/globals";
import { parseSshPublicKey } from "../../../../src/signature/ssh/key.ts";
import { problemsToday } from "../../../../src/signature/ssh/standing.ts";
import { ALGORITHMS, NOW, ecdsaKey, ed25519Key, rsaKey } from "../../../support/ssh.ts";

const ed25519 = parseSshPublicKey(ed25519Key().line);
const rsa = parseSshPublicKey(rsaKey().line);

describe("problemsToday", () => {
  it("finds none in a key inside its window", () => {
    expect(problemsToday(ed25519, {}, ALGORITHMS, NOW)).toBeNull();
    expect(problemsToday(rsa, { from: NOW, until: NOW + 1 }, ALGORITHMS, NOW)).toBeNull();
    expect(problemsToday(ed25519, { retired: NOW + 1 }, ALGORITHMS, NOW)).toBeNull();
  });
  it("says why a key cannot sign today", () => {
    expect(problemsToday(ed25519, { until: NOW }, ALGORITHMS, NOW)?.code).toBe("key-expired");
    expect(problemsToday(ed25519, { from: NOW + 1 }, ALGORITHMS, NOW)?.code).toBe("key-not-yet-valid");
    expect(problemsToday(ed25519, { retired: NOW }, ALGORITHMS, NOW)?.code).toBe("key-retired");
    expect(problemsToday(ed25519, { compromised: true }, ALGORITHMS, NOW)?.code).toBe("key-revoked");
    expect(problemsToday(ed25519, { compromised: NOW - 5 }, ALGORITHMS, NOW)?.code).toBe("key-revoked");
  });
  it("says that an RSA key is too short for the policy (weak-algorithm)", () => {
    expect(problemsToday(rsa, {}, { ...ALGORITHMS, rsaBits: 2049 }, NOW)?.code).toBe("weak-algorithm");
    const curve = parseSshPublicKey(ecdsaKey("nistp256").line);
    expect(problemsToday(curve, {}, { ...ALGORITHMS, rsaBits: 4096 }, NOW)).toBeNull();
  });
  it("says that the policy allows no hash SSH signs with (weak-algorithm)", () => {
    expect(problemsToday(ed25519, {}, { rsaBits: 2048, hashes: ["sha384"] }, NOW)?.code).toBe("weak-algorithm");
    expect(problemsToday(ed25519, {}, { rsaBits: 2048, hashes: ["sha256"] }, NOW)).toBeNull();
  });
});
