import { expect } from "@jest/globals";
import { SignpolicyError } from "../../src/errors.ts";
import type { Evidence } from "../../src/model.ts";

expect.extend({
  /** The function throws a SignpolicyError with this code. */
  toThrowCode(received: unknown, code: string) {
    let thrown: unknown;
    try {
      (received as () => unknown)();
    } catch (error) {
      thrown = error;
    }
    const got = thrown instanceof SignpolicyError ? thrown.code : String(thrown);
    return { pass: got === code, message: () => `expected ${code}, got ${got}` };
  },
  /** The evidence is not verified, for exactly this reason. */
  toBeRefuted(received: unknown, code: string) {
    const evidence = received as Evidence;
    const got = evidence.outcome === "verified" ? "verified" : evidence.code;
    return { pass: got === code, message: () => `expected ${code}, got ${got}` };
  },
});

declare module "expect" {
  interface Matchers<R> {
    toThrowCode(code: string): R;
    toBeRefuted(code: string): R;
  }
}
