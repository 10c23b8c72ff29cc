import { describe, expect, it } from "@jest/globals";
import { judgeWindow } from "../../../src/signature/times.ts";

const at = (now: number, receivedAt: number | null = null) => ({ now, claimed: null, receivedAt });

describe("judgeWindow", () => {
  it("lets a signature inside the window stand", () => {
    expect(judgeWindow({ from: 10, until: 20 }, 15, at(16))).toEqual({ refuted: null, lapsed: null });
  });
  it("takes `from` as inclusive and `until` as exclusive", () => {
    expect(judgeWindow({ from: 10 }, 10, at(10)).refuted).toBeNull();
    expect(judgeWindow({ from: 10 }, 9, at(10)).refuted?.code).toBe("key-not-yet-valid");
    expect(judgeWindow({ until: 20 }, 19, at(19)).refuted).toBeNull();
    expect(judgeWindow({ until: 20 }, 20, at(20)).refuted?.code).toBe("key-expired");
  });
  it("says that a key whose window has passed lapsed, though its old signature stands", () => {
    expect(judgeWindow({ until: 20 }, 15, at(30))).toMatchObject({ refuted: null, lapsed: { code: "key-expired" } });
    expect(judgeWindow({ retired: 20 }, 15, at(30))).toMatchObject({ refuted: null, lapsed: { code: "key-retired" } });
  });
  it("refutes what a retired key signs afterwards (key-retired)", () => {
    expect(judgeWindow({ retired: 20 }, 20, at(30)).refuted?.code).toBe("key-retired");
  });
  it("refutes whatever a compromised key signed, whatever date it claims (key-revoked)", () => {
    expect(judgeWindow({ compromised: true }, 1, at(30, 2)).refuted?.code).toBe("key-revoked");
    expect(judgeWindow({ compromised: 20 }, 1, at(30)).refuted?.code).toBe("key-revoked");
  });
  it("lets what a record shows received before the compromise stand", () => {
    expect(judgeWindow({ compromised: 20 }, 1, at(30, 19)).refuted).toBeNull();
    expect(judgeWindow({ compromised: 20 }, 1, at(30, 20)).refuted?.code).toBe("key-revoked");
  });
});
