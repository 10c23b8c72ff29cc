import { describe, expect, it } from "@jest/globals";
import { fromLatin1 } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";
import { parseCommit } from "../../src/subject/commit.ts";
import { parseTag } from "../../src/subject/tag.ts";
import { commitText, OID, tagText, TREE } from "../support/objects.ts";
import { withRepo } from "../support/repo.ts";

const identities = [
  "A <a@b> 1 +0000",
  " <a@b> 1 +0000",
  "A <> 1 +0000",
  "A <a@b>  \t 1 +0000",
  "A <a@b> 0 -1200",
  "A <a@b> 1 +9999",
  "A  <  a b  > 1 +0000",
  "Zo\xeb <\xff> 1 +0000",
  "<a@b> 1 +0000",
  "A<a@b> 1 +0000",
  "A a@b 1 +0000",
  "A > <a@b> 1 +0000",
  "A <a@b 1 +0000",
  "A <a<b> 1 +0000",
  "A <a@b> <c@d> 1 +0000",
  "A <a@b>1 +0000",
  "A <a@b>",
  "A <a@b> +0000",
  "A <a@b> 1",
  "A <a@b> -1 +0000",
  "A <a@b> 01 +0000",
  "A <a@b> 18446744073709551616 +0000",
  "A <a@b> 1 0000",
  "A <a@b> 1 +000",
  "A <a@b> 1 +051800",
  "A <a@b> 1 +0000\r",
  "A <a@b> Thu Jan 1 00:00:00 1970 +0000",
  "",
];

const commit = commitText();
const commits = [
  ...identities.flatMap((line) => [commitText({ author: line }), commitText({ committer: line })]),
  commit.replace(/^tree .*\n/, ""),
  commit.replace(TREE, TREE.slice(1)),
  commit.replace(TREE, `${TREE} `),
  commitText({ parents: ["HEAD"] }),
  commit.replace(/^author .*\n/m, ""),
  commit.replace(/^(author .*\n)/m, "$1$1"),
  commit.replace(/^committer .*\n/m, ""),
  commit.replace(/^(author .*\n)(committer .*\n)/m, "$2$1"),
  commit.replace("committer ", "\ncommitter "),
  commitText({ extra: "x \0\n" }),
  commitText({ extra: "x", body: "" }),
  commitText({ body: "" }),
  commitText({ body: "\nno newline" }),
  commitText({ body: "\n\0\n" }),
  commitText({ extra: "encoding x\nmergetag a\n b\nunknown\n" }),
];

const tag = tagText({ object: TREE, type: "tree" });
const tags = [
  ...identities.map((line) => tagText({ object: TREE, type: "tree", tagger: line })),
  tag,
  tag.replace(/^object .*\n/, ""),
  tag.replace(TREE, "HEAD"),
  tag.replace(/^type .*\n/m, ""),
  tag.replace("type tree", "type trees"),
  tag.replace(/^tag .*\n/m, ""),
  tag.replace(/^(type .*\n)(tag .*\n)/m, "$2$1"),
  tagText({ object: TREE, type: "tree", tagger: null }),
  tagText({ object: TREE, type: "tree", tag: "a..b" }),
  tagText({ object: TREE, type: "tree", tag: "\0" }),
  tagText({ object: TREE, type: "tree", extra: "unknown\n" }),
  tagText({ object: TREE, type: "tree", body: "" }),
];

const refuses = (parse: () => unknown): boolean => {
  try {
    parse();
    return false;
  } catch {
    return true;
  }
};

describe("what git fsck calls an error is refused, and what it lets pass is read", () => {
  it.each([
    ["commit", commits, (raw: Bytes) => parseCommit(OID, raw, "sha1")],
    ["tag", tags, (raw: Bytes) => parseTag(OID, raw, "sha1")],
  ] as const)(
    "of every %s",
    async (kind, texts, parse) => {
      await withRepo({}, (repo) => {
        repo.emptyTree();
        const oids = texts.map((text) => repo.write(kind, fromLatin1(text)));
        const { stderr, stdout } = repo.run("git", ["fsck", "--no-dangling"]);
        const lines = (stderr + stdout.toString("latin1")).split("\n");
        // What fsck cannot even parse has no message id.
        const errors = lines.filter((line) => line.startsWith("error in ") || line.includes("could not be parsed"));
        const disagreements = texts.filter((text, index) => {
          const oid = oids[index] ?? "";
          const isError = errors.some((line) => line.includes(oid));
          return refuses(() => parse(fromLatin1(text))) !== isError;
        });
        expect(errors.length).toBeGreaterThan(10);
        expect(disagreements).toEqual([]);
      });
    },
    60_000,
  );
});
