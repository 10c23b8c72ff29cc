import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A policy file and what reading it must say: a head of `key: value` lines, an empty line, the file. */
export interface PolicyVector {
  readonly name: string;
  readonly expect: string;
  readonly issues: readonly { readonly line: number; readonly path: string; readonly message: string }[];
  readonly member: "signpolicy" | undefined;
  readonly body: string;
}

const FOLDER = new URL("../vectors/policy/", import.meta.url).pathname;

export function readPolicyVectors(): readonly PolicyVector[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".txt"))
    .sort()
    .map((file) => readVector(file.slice(0, -".txt".length), readFileSync(join(FOLDER, file), "utf8")));
}

function readVector(name: string, text: string): PolicyVector {
  const end = text.indexOf("\n\n");
  const head = text
    .slice(0, end)
    .split("\n")
    .map((line) => /^([a-z]+): (.+)$/.exec(line) ?? ["", line, ""]);
  const valuesOf = (key: string): readonly string[] => head.flatMap(([, k, value = ""]) => (k === key ? [value] : []));
  for (const [, key = ""] of head) {
    if (!["expect", "issue", "member", "source", "comment"].includes(key))
      throw new Error(`${name}: unknown head ${key}`);
  }
  const [expected = ""] = valuesOf("expect");
  const issues = valuesOf("issue").map((value) => {
    const [, line = "", path = "", message = ""] = /^(\d+) (\S+) (.+)$/.exec(value) ?? [];
    if (message === "") throw new Error(`${name}: malformed issue ${value}`);
    return { line: Number(line), path, message };
  });
  const member = valuesOf("member").length > 0 ? "signpolicy" : undefined;
  return { name, expect: expected, issues, member, body: text.slice(end + 2) };
}
