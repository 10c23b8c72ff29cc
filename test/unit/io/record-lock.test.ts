import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { withLock } from "../../../src/io/record-lock.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "sp-lock-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const lockOf = (): string => join(folder, "signpolicy", "record.lock");
const age = (minutes: number): void => {
  const then = new Date(Date.now() - minutes * 60_000);
  utimesSync(lockOf(), then, then);
};

describe("withLock", () => {
  it("lets one in at a time, in whatever order they come", async () => {
    let inside = 0;
    let most = 0;
    const enter = () =>
      withLock(lockOf(), async () => {
        most = Math.max(most, (inside += 1));
        await new Promise((resolve) => setTimeout(resolve, 3));
        inside -= 1;
      });
    await Promise.all([enter(), enter(), enter(), enter()]);
    expect(most).toBe(1);
  });

  it("keeps the lock of a slow holder fresh, so that no second writer takes it away", async () => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate"] });
    try {
      let touched = 0;
      await withLock(lockOf(), async () => {
        age(60);
        await jest.advanceTimersByTimeAsync(20_000);
        for (let tries = 0; tries < 1_000_000 && Date.now() - statSync(lockOf()).mtimeMs > 60_000; tries += 1) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        touched = statSync(lockOf()).mtimeMs;
      });
      expect(Math.abs(Date.now() - touched)).toBeLessThan(60_000);
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it.each([
    ["has ended, on this machine", { pid: 2 ** 22 + 1, host: hostname(), token: "x" }, 0],
    ["showed no sign of life, on another machine", { pid: 1, host: "elsewhere", token: "x" }, 3],
    ["was killed before it wrote who it is", null, 1],
  ])("takes the lock from one who %s", async (_, holder, minutes) => {
    await withLock(lockOf(), () => Promise.resolve());
    writeFileSync(lockOf(), holder === null ? "" : JSON.stringify(holder));
    age(minutes);
    expect(await withLock(lockOf(), () => Promise.resolve("in"))).toBe("in");
  });
});
