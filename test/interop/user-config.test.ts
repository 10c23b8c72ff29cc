/** Where the user's configuration leads, as its text tells it, beside where git goes. */
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seenConfig } from "../../src/io/user-config.ts";
import { describeWith } from "../support/tools.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "sp-config-"));
  mkdirSync(join(home, "job"));
  for (const file of ["a", "b c", "job/d"]) writeFileSync(join(home, file), `[seen]\n\tx = ${file}\n`);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function read(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

const main = (): string => join(home, ".gitconfig");
const seen = () => seenConfig([main()], home, read);

/** Files in which git found a value, by its own word. */
function gitReads(): readonly string[] {
  const argv = ["config", "--global", "--includes", "--list", "--show-origin", "-z"];
  const { stdout } = spawnSync("git", argv, {
    cwd: home,
    env: { PATH: process.env["PATH"], HOME: home },
    encoding: "utf8",
  });
  return [...new Set(stdout.split("\0").flatMap((part) => /^file:(.*)$/s.exec(part)?.slice(1) ?? []))];
}

const FOLLOWED: readonly (readonly [text: string, files: readonly string[]])[] = [
  ["[user]\n\tname = x\n", []],
  ["[include]\n\tpath = a\n", ["a"]],
  ["[include]\r\n\tpath = a\r\n", ["a"]],
  ["[Include]\n; mine\n\n\tPATH=~/a\n\tpath = HOME/job/d\n[user]\n\tname = x\n", ["a", "job/d"]],
  ['[include]\n\tpath = "b c"\n', ["b c"]],
  ["[include]\n\tpath = b c\n", ["b c"]],
  ['[includeIf "gitdir:~/nowhere/"]\n\tpath = job/d\n[include]\n\tpath = none\n', ["job/d", "none"]],
  ["# [include]\n#\tpath = a\n[user]\n\tpath = a\n", []],
];

/** Only git can say where these lead. */
const UNTOLD = [
  "[include] path = a\n",
  "[core][include]\n\tpath = a\n",
  "[ include]\n\tpath = a\n",
  "[include]\n\tpath = jo\\\nb/d\n",
  "[include]\n\tx = y\\\n[user]\n\tpath = a\n",
  "[include]\n\tpath = a # mine\n",
  '[include]\n\tpath = "a" "b"\n',
  "[include]\n\tpath = ~root/a\n",
  "[include]\n\tpath = %(prefix)/a\n",
  "[include]\n\tpath = :(optional)a\n",
  "[include]\n\tpath\n",
  '[includeIf "gitdir:a\\"b"]\n\tpath = a\n',
  "[include]\n\tpath = \u00e9\n",
];

describeWith(["git"], "the user's configuration", () => {
  it.each(FOLLOWED)("is followed to whatever it may include: %j", (text, files) => {
    writeFileSync(main(), text.replaceAll("HOME", home));
    const paths = seen()?.map(([path]) => path);
    expect(paths).toEqual([main(), ...files.map((file) => join(home, file))]);
    for (const path of gitReads()) expect(paths).toContain(path);
  });

  it.each(UNTOLD)("is not told where only git can say it: %j", (text) => {
    writeFileSync(main(), text);
    expect(seen()).toBeNull();
  });

  it("is followed further, each file once, and not without end", () => {
    writeFileSync(main(), "[include]\n\tpath = a\n");
    writeFileSync(join(home, "a"), "[include]\n\tpath = job/d\n");
    writeFileSync(join(home, "job/d"), "[include]\n\tpath = ../a\n\tpath = d\n");
    expect(seen()?.map(([path]) => path)).toEqual([main(), join(home, "a"), join(home, "job/d")]);
    for (let n = 0; n < 80; n += 1) writeFileSync(join(home, `f${n}`), `[include]\n\tpath = f${n + 1}\n`);
    writeFileSync(main(), "[include]\n\tpath = f0\n");
    expect(seen()).toBeNull();
  });
});
