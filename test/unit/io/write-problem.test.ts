import { describe, expect, it } from "@jest/globals";
import { cannotWrite, writing } from "../../../src/io/write-problem.ts";

const failing = (code: string): Error => Object.assign(new Error(`${code}: no`), { code });

describe("cannotWrite", () => {
  it.each([
    ["ENOSPC", "the disk is full", "room"],
    ["EDQUOT", "the quota is used up", "room"],
    ["EACCES", "it is another user's", "check-install"],
    ["EROFS", "the file system is read-only", "mounts"],
    ["EIO", "EIO", "room"],
  ])("says of %s what it means, and who does what", (code, why, hint) => {
    const problem = cannotWrite("/srv/x", failing(code));
    expect(problem).toMatchObject({ code: "ERR_IO", message: `cannot write /srv/x: ${why}` });
    expect(problem.hint).toContain(hint);
  });
});

describe("writing", () => {
  it("names the outer file once (ERR_IO)", async () => {
    const inner = () => writing("/a", () => Promise.reject(failing("ENOSPC")));
    await expect(writing("/b", inner)).rejects.toMatchObject({
      code: "ERR_IO",
      message: "cannot write /a: the disk is full",
    });
    await expect(writing("/b", () => Promise.resolve(1))).resolves.toBe(1);
  });
});
