import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { asOwner } from "../../../src/io/privileges.ts";

afterEach(() => {
  jest.restoreAllMocks();
});

/** Root's process that writes down how it changes its rights, and fails at one step. */
function rights(failing: string | null): string[] {
  const done: string[] = [];
  const step = (name: string) => (value: unknown) => {
    done.push(`${name} ${String(value)}`);
    if (done.at(-1) === failing) throw new Error(failing);
  };
  jest.spyOn(process, "getuid").mockReturnValue(0);
  jest.spyOn(process, "geteuid").mockReturnValue(0);
  jest.spyOn(process, "getegid").mockReturnValue(3);
  jest.spyOn(process, "getgroups").mockReturnValue([3, 4]);
  jest.spyOn(process, "setgroups").mockImplementation(step("setgroups"));
  jest.spyOn(process, "setegid").mockImplementation(step("setegid"));
  jest.spyOn(process, "seteuid").mockImplementation(step("seteuid"));
  return done;
}

const act = () => Promise.resolve("done");
const owner = { uid: 7, gid: 8 };
const back = ["seteuid 0", "setegid 3", "setgroups 3,4"];

describe("asOwner", () => {
  it("takes the owner's rights, and root's again afterwards", async () => {
    const done = rights(null);
    expect(await asOwner(owner, act)).toBe("done");
    expect(done).toEqual(["setgroups 8", "setegid 8", "seteuid 7", ...back]);
  });

  it.each(["setgroups 8", "setegid 8", "seteuid 7"])("is root again where %s fails", async (failing) => {
    const done = rights(failing);
    await expect(asOwner(owner, act)).rejects.toThrow(failing);
    expect(done.slice(-3)).toEqual(back);
  });
});
