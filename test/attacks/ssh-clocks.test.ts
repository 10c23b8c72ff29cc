/** Attack rule 47: SSH signatures have no date, git judges by the committer's, and the committer chooses it. */
import { describe, expect, it } from "@jest/globals";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import type { SigningTimes } from "../../src/signature/times.ts";
import { NOW, TIMES, caEntry, certify, ed25519Key, keyEntry, sshSig, sshTrust, text } from "../support/ssh.ts";

const PAYLOAD = text("a commit");
const key = ed25519Key();
const YEAR = 31_536_000;
const verify = (window: object, times: Partial<SigningTimes> = {}) =>
  verifySsh(sshSig(key, PAYLOAD), PAYLOAD, sshTrust([keyEntry(key, { window })]), { ...TIMES, ...times });

describe("backdating by GIT_COMMITTER_DATE (rule 47)", () => {
  it("says that a key whose window has passed lapsed, so that an arriving object can be refused", async () => {
    const backdated = { claimed: NOW - 2 * YEAR };
    expect(await verify({ until: NOW - YEAR }, backdated)).toMatchObject({
      outcome: "verified",
      signedAt: NOW - 2 * YEAR,
      lapsed: { code: "key-expired" },
    });
    expect(await verify({ retired: NOW - YEAR }, backdated)).toMatchObject({ lapsed: { code: "key-retired" } });
  });
  it("refutes a date before the key's window (key-not-yet-valid)", async () => {
    expect(await verify({ from: NOW - YEAR }, { claimed: NOW - 2 * YEAR })).toBeRefuted("key-not-yet-valid");
  });
  it("refutes a date beyond our clock and its tolerance (signature-in-future)", async () => {
    expect(await verify({}, { claimed: NOW + 301 })).toBeRefuted("signature-in-future");
    expect(await verify({ until: NOW + YEAR }, { claimed: NOW + 2 * YEAR })).toBeRefuted("signature-in-future");
  });
  it("does not let a window that opens tomorrow count by a date within the tolerance", async () => {
    const evidence = await verify({ from: NOW + 100 }, { claimed: NOW + 200 });
    expect(evidence).toMatchObject({ outcome: "verified", lapsed: { code: "key-not-yet-valid" } });
  });
  it("refutes an object that has no date at all (malformed)", async () => {
    for (const claimed of [null, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expect(await verify({}, { claimed })).toBeRefuted("malformed");
    }
  });
  it("judges a CA by the window of its entry, and its certificate by its own dates", async () => {
    const ca = ed25519Key();
    const signature = sshSig(key, PAYLOAD, { publicKey: certify(ca, key) });
    const judged = (window: object) => verifySsh(signature, PAYLOAD, sshTrust([caEntry(ca, { window })]), TIMES);
    expect(await judged({ until: NOW - 61 })).toBeRefuted("key-expired");
    expect(await judged({ until: NOW - 1 })).toMatchObject({ outcome: "verified", lapsed: { code: "key-expired" } });
    expect(await judged({ from: NOW })).toBeRefuted("key-not-yet-valid");
    expect(await judged({ retired: NOW - YEAR })).toBeRefuted("key-retired");
  });
});
