/** What git prints of commits as it lists them, beside the bytes that it stores. */
import { describe, expect, it } from "@jest/globals";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { latin1 } from "../../../src/encoding/bytes.ts";
import { listTexts, mayListTexts, type ListedCommit } from "../../../src/io/commit-texts.ts";
import { findRepository } from "../../../src/io/repository.ts";
import type { HashAlgorithm, ObjectId } from "../../../src/model.ts";
import { hashObject } from "../../../src/subject/hash.ts";
import { withRepo, type Repo } from "../../support/repo.ts";

const placeOf = (repo: Repo) => findRepository(repo.dir, { ...repo.env });

const PATHS = [".policy", "sub/keys"];

async function list(repo: Repo, tip: ObjectId): Promise<readonly ListedCommit[]> {
  const listed: ListedCommit[] = [];
  for await (const some of listTexts(await placeOf(repo), { include: [tip], exclude: [] }, PATHS)) listed.push(...some);
  return listed;
}

const SIGNATURE = "gpgsig -----BEGIN SSH SIGNATURE-----\n \n AAAA\n -----END SSH SIGNATURE-----\n";

/** Stores a commit with whatever stands behind its parents. */
function store(repo: Repo, behind: string, parents: readonly string[] = []): ObjectId {
  const head = `tree ${repo.emptyTree()}\n${parents.map((oid) => `parent ${oid}\n`).join("")}`;
  const who = "A <a@example.org> 1700000000 +0000";
  return repo.writeByGit("commit", Buffer.from(`${head}author ${who}\ncommitter ${who}\n${behind}`, "latin1"));
}

/** How a commit is written, and whether git prints what it stores. */
const COMMITS: readonly (readonly [string, string, boolean])[] = [
  ["a line", "\none\n", true],
  ["paragraphs", "\none\n\n  two, indented\n\tthree\n", true],
  ["a signature with an empty line", `${SIGNATURE}\none\n`, true],
  ["unknown headers", "mergetag object 1\n type commit\n \n x\nx-y z\n\none\n", true],
  ["bytes that are no UTF-8 under another encoding", "encoding ISO-8859-1\n\ncaf\xe9 \xff\n", true],
  ["escapes and carriage returns inside a line", "\none \x1b[31m\r two\n", true],
  ["no message", "\n", false],
  ["no line end at its end", "\none", false],
  ["spaces at the end of a line", "\none  \ntwo\n", false],
  ["a carriage return at the end of a line", "\none\r\ntwo\r\n", false],
  ["empty lines before and behind", "\n\n\none\n\n\n", false],
  ["a NUL", "\none\0two\n", false],
  ["what looks like another record", `\none\0${"1".repeat(40)}\ntree x\n\ntwo\n`, false],
];

describe("listTexts", () => {
  it.each(COMMITS)("gives of a commit with %s what its hash tells to be its bytes, or not", (_, behind, isSame) =>
    withRepo({ bare: true }, async (repo) => {
      const oid = store(repo, behind);
      const listed = await list(repo, oid);
      expect(listed.map((one) => one.oid)).toEqual([oid]);
      const text = listed[0]?.text ?? new Uint8Array();
      const stored = repo.raw("commit", oid);
      expect(hashObject("commit", text, "sha1") === oid).toBe(isSame);
      expect(latin1(text) === latin1(stored)).toBe(isSame);
    }),
  );

  it.each<HashAlgorithm>(["sha1", "sha256"])("lists as git does, over many of its writes (%s)", (algorithm) =>
    withRepo({ bare: true, algorithm }, async (repo) => {
      const filler = `${"a line of some length\n".repeat(40)}\n`;
      let tips: ObjectId[] = [];
      for (let n = 0; n < 90; n += 1) {
        const message = `\n${String(n)}\n\n${filler.repeat(n % 7)}`.replace(/\n+$/, "\n");
        const oid = store(repo, message, n % 9 === 8 ? tips : tips.slice(-1));
        tips = n % 9 === 3 ? [oid, store(repo, "\nside\n", [oid])] : [oid];
      }
      const tip = tips.at(-1) as ObjectId;
      const listed = await list(repo, tip);
      const byGit = repo.git(["rev-list", "--topo-order", "--reverse", tip]).split("\n");
      expect(listed.map(({ oid }) => oid)).toEqual(byGit);
      for (const { oid, text } of listed) expect(hashObject("commit", text ?? new Uint8Array(), algorithm)).toBe(oid);
      // More than a pipe holds.
      expect(listed.reduce((sum, { text }) => sum + (text?.length ?? 0), 0)).toBeGreaterThan(128 * 1024);
    }),
  );

  it("gives of a very long commit the id alone, and goes on behind it", () =>
    withRepo({ bare: true }, async (repo) => {
      const first = store(repo, "\nfirst\n");
      const long = store(repo, `\n${"0123456789abcdef\n".repeat(100_000)}`, [first]);
      const last = store(repo, "\nlast\n", [long]);
      const listed = await list(repo, last);
      expect(listed.map(({ oid }) => oid)).toEqual([first, long, last]);
      expect(listed.map(({ text }) => text !== null)).toEqual([true, false, true]);
      expect(hashObject("commit", listed[2]?.text ?? new Uint8Array(), "sha1")).toBe(last);
    }));

  it("gives of bytes that lie under another name what does not hash to it", () =>
    withRepo({ bare: true }, async (repo) => {
      const good = store(repo, "\ngood\n");
      const bad = store(repo, "\nbad\n");
      const [from, to] = [bad, good].map((oid) => join(repo.gitDir, "objects", oid.slice(0, 2), oid.slice(2)));
      rmSync(to ?? "");
      renameSync(from ?? "", to ?? "");
      const [listed] = await list(repo, good);
      expect(listed?.oid).toBe(good);
      expect(hashObject("commit", listed?.text ?? new Uint8Array(), "sha1")).not.toBe(good);
    }));

  it("throws where git fails in the middle, and never ends early (ERR_GIT_FAILED)", () =>
    withRepo({ bare: true }, async (repo) => {
      const broken = store(repo, "\none\n", ["1".repeat(40)]);
      await expect(list(repo, broken)).rejects.toMatchObject({ code: "ERR_GIT_FAILED" });
    }));
});

/** A history in which every commit changes something, and what each is: whether it touches one of `PATHS`. */
function touchingHistory(repo: Repo): { readonly tip: ObjectId; readonly touches: readonly boolean[] } {
  const blob = (text: string): string => repo.writeByGit("blob", Buffer.from(text));
  const tree = (entries: Readonly<Record<string, string>>): string =>
    repo.git(["mktree", "-z"], {
      input: Object.entries(entries)
        .map(([name, entry]) => `${entry}\t${name}\0`)
        .join(""),
    });
  const file = (text: string, mode = "100644"): string => `${mode} blob ${blob(text)}`;
  const folder = (entries: Readonly<Record<string, string>>): string => `040000 tree ${tree(entries)}`;
  const steps: readonly (readonly [Readonly<Record<string, string>>, boolean])[] = [
    [{ ".policy": file("1") }, true],
    [{ ".policy": file("1"), other: file("1") }, false],
    [{ ".policy": file("1"), other: file("2") }, false],
    [{ ".policy": file("2"), other: file("2") }, true],
    [{ ".policy": file("2", "100755"), other: file("2") }, true],
    // As a rename it would be told under one name alone.
    [{ other: file("2", "100755") }, true],
    [{ ".policy": `160000 commit ${"1".repeat(40)}` }, true],
    [{ ".policy": `160000 commit ${"2".repeat(40)}` }, true],
    [{ ".policyx": file("1"), ".POLICY": file("1") }, true],
    [{ ".policyx": file("2"), ".POLICY": file("2") }, false],
    // Whoever looks for the ends of lines must not be led astray by names.
    [{ ".policy": folder({ "a\n": file("1"), "commit 1\n": file("1") }) }, true],
    [{ ".policy": folder({ "a\n": file("2"), "commit 1\n": file("1") }) }, true],
    [{ sub: folder({ else: file("1") }) }, true],
    [{ sub: folder({ else: file("2") }) }, false],
    [{ sub: folder({ else: file("2"), keys: folder({ deep: file("1") }) }) }, true],
    [{ sub: folder({ else: file("2"), keys: folder({ deep: file("2") }) }) }, true],
    [{}, true],
    [{}, false],
  ];
  let tip: ObjectId | null = null;
  for (const [at, [entries]] of steps.entries()) {
    const head = `tree ${tree(entries)}\n${tip === null ? "" : `parent ${tip}\n`}`;
    const who = "A <a@example.org> 1700000000 +0000";
    // Among them some that git prints with no message, and some of more than one line.
    const message = ["one\n", "", "one\n\n:two\n"][at % 3] ?? "";
    tip = repo.writeByGit("commit", Buffer.from(`${head}author ${who}\ncommitter ${who}\n\n${message}`));
  }
  return { tip: tip as ObjectId, touches: steps.map(([, touches]) => touches) };
}

/** What people set for the log that they read, and what would hide a change or look like another. */
const CONFIGURED = [
  ["log.showRoot", "false"],
  ["log.showSignature", "true"],
  ["log.abbrevCommit", "true"],
  ["log.decorate", "full"],
  ["log.follow", "true"],
  ["log.mailmap", "true"],
  ["log.diffMerges", "off"],
  ["format.pretty", "oneline"],
  ["color.ui", "always"],
  ["color.diff", "always"],
  ["diff.relative", "true"],
  ["diff.renames", "copies"],
  ["diff.ignoreSubmodules", "all"],
  ["diff.orderFile", "no-such-file"],
  ["diff.external", "false"],
  ["diff.noprefix", "true"],
  ["core.ignoreCase", "true"],
  ["core.quotePath", "true"],
  ["core.abbrev", "4"],
  ["i18n.logOutputEncoding", "UTF-16"],
  ["notes.displayRef", "refs/notes/*"],
] as const;

describe("listTexts of a history that touches paths", () => {
  it("tells which commits change one of them, or what lies below one, and no other", () =>
    withRepo({ bare: true }, async (repo) => {
      const { tip, touches } = touchingHistory(repo);
      const listed = await list(repo, tip);
      expect(listed.map((one) => one.touches)).toEqual(touches);
      const byGit = repo.git(["rev-list", "--full-history", tip, "--", ...PATHS]).split("\n");
      expect(listed.flatMap((one) => (one.touches === true ? [one.oid] : [])).reverse()).toEqual(byGit);
      const isTold = ({ oid, text }: ListedCommit): boolean =>
        hashObject("commit", text ?? new Uint8Array(), "sha1") === oid;
      // Where modes follow, git prints the empty line that an empty message begins with.
      expect(listed.map(isTold)).toEqual(listed.map(({ touches: any }, at) => at % 3 !== 1 || any === true));
    }));

  it("gives the same whatever the repository's configuration says of logs and differences", () =>
    withRepo({ bare: true }, async (repo) => {
      const { tip } = touchingHistory(repo);
      const plain = await list(repo, tip);
      repo.git(["update-ref", "refs/heads/main", tip]);
      repo.git(["notes", "add", "-m", "a note", tip]);
      for (const [name, value] of CONFIGURED) repo.git(["config", name, value]);
      expect(await list(repo, tip)).toEqual(plain);
    }));

  it("takes a commit that is too long to be kept for one that may touch any", () =>
    withRepo({ bare: true }, async (repo) => {
      const long = store(repo, `\n${"0123456789abcdef\n".repeat(100_000)}`);
      const last = store(repo, "\nlast\n", [long]);
      expect((await list(repo, last)).map(({ touches }) => touches)).toEqual([true, false]);
    }));
});

describe("mayListTexts", () => {
  it("is true for a repository of few bytes, and false where objects lie elsewhere or cannot be seen", () =>
    withRepo({ bare: true }, async (repo) => {
      const place = await placeOf(repo);
      expect(mayListTexts(place)).toBe(true);
      const objects = join(repo.gitDir, "objects");
      mkdirSync(join(objects, "info"), { recursive: true });
      writeFileSync(join(objects, "info", "alternates"), "/elsewhere/objects\n");
      expect(mayListTexts(place)).toBe(false);
      expect(mayListTexts({ commonDir: join(repo.gitDir, "nowhere") })).toBe(false);
    }));
});
