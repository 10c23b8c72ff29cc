import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import type { Signed } from "../../src/model.ts";
import { parseCommit } from "../../src/subject/commit.ts";
import { hashObject } from "../../src/subject/hash.ts";
import { parseTag } from "../../src/subject/tag.ts";
import { ARMOR, commitText, header, IDENTITY, OID, OID256, SSH_ARMOR, tagText } from "../support/objects.ts";
import { Repo } from "../support/repo.ts";
import { witness } from "../support/witness.ts";

/** Null for what is refused. */
function parsed(parse: () => Signed): Signed | null {
  try {
    return parse();
  } catch {
    return null;
  }
}

const X509_ARMOR = "-----BEGIN SIGNED MESSAGE-----\nAAAA\n-----END SIGNED MESSAGE-----\n";
const MESSAGE_ARMOR = "-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n";

describe.each([
  { algorithm: "sha1", own: "gpgsig", other: "gpgsig-sha256", target: OID },
  { algorithm: "sha256", own: "gpgsig-sha256", other: "gpgsig", target: OID256 },
] as const)(
  "what git hands to gpg in a $algorithm repository is what we verify",
  ({ algorithm, own, other, target }) => {
    let repo: Repo;
    let handed: ReturnType<typeof witness>;
    beforeAll(() => {
      repo = new Repo({ algorithm });
      handed = witness(repo);
    });
    afterAll(() => {
      repo.remove();
    });

    const signed = header(own, ARMOR);
    const mergetag = header("mergetag", `object ${target}\ntype commit\ntag v1\ntagger ${IDENTITY}\n\nx\n${ARMOR}`);
    const commits: Readonly<Record<string, string>> = {
      "a signed commit": commitText({ algorithm, extra: signed }),
      "an SSH signature": commitText({ algorithm, extra: header(own, SSH_ARMOR) }),
      "an X.509 signature": commitText({ algorithm, extra: header(own, X509_ARMOR) }),
      "a merge": commitText({ algorithm, parents: [target, target], extra: signed }),
      "a signature for each algorithm": commitText({ algorithm, extra: signed + header(other, SSH_ARMOR) }),
      "a signature for each algorithm, the other one first": commitText({
        algorithm,
        extra: header(other, SSH_ARMOR) + signed,
      }),
      "both signatures with headers between": commitText({
        algorithm,
        extra: `${header(other, SSH_ARMOR)}x 1\n 2\n${signed}encoding latin-1\n`,
      }),
      "only the other algorithm's signature": commitText({ algorithm, extra: header(other, ARMOR) }),
      "no signature": commitText({ algorithm }),
      "a mergetag that holds a signature": commitText({ algorithm, extra: mergetag + signed }),
      "a mergetag that holds a header like a signature": commitText({
        algorithm,
        extra: header("mergetag", `gpgsig x\n${header(own, ARMOR)}`) + signed,
      }),
      "unknown headers around it": commitText({ algorithm, extra: `encoding latin-1\nx 1\n 2\n${signed}y 3\n` }),
      "a blank line behind the armor, as GitHub writes": commitText({ algorithm, extra: header(own, `${ARMOR}\n`) }),
      "blank lines inside the armor": commitText({
        algorithm,
        extra: header(own, "-----BEGIN PGP SIGNATURE-----\n\n\n \n\n"),
      }),
      "CRLF in the armor": commitText({ algorithm, extra: header(own, ARMOR.replaceAll("\n", "\r\n")) }),
      "a signature header in the message": commitText({ algorithm, extra: signed, body: `\n${signed}` }),
      "no message": commitText({ algorithm, extra: signed, body: "" }),
      "an empty message": commitText({ algorithm, extra: signed, body: "\n" }),
      "no final newline": commitText({ algorithm, extra: signed, body: "\nlast" }),
      "CRLF, NUL, BOM and bytes that are not UTF-8": commitText({
        algorithm,
        author: "Zo\xeb <zo\xeb@example.org> 0 -0330",
        extra: signed,
        body: "\n\xef\xbb\xbfa\r\nb\0c\xff\xfe\r\n",
      }),
    };
    it.each(Object.entries(commits))("commit: %s", (_, text) => {
      const raw = fromLatin1(text);
      const oid = repo.writeByGit("commit", raw);
      expect(hashObject("commit", raw, algorithm)).toBe(oid);
      const ours = parseCommit(oid, raw, algorithm);
      const git = handed("commit", oid);
      expect(ours.signatures.map((signature) => latin1(signature.bytes))).toEqual(git ? [latin1(git.signature)] : []);
      if (git) expect(latin1(ours.payload)).toBe(latin1(git.payload));
    });

    it("commit: two signatures, which git joins and we keep apart", () => {
      const raw = fromLatin1(commitText({ algorithm, extra: signed + header(own, SSH_ARMOR) }));
      const oid = repo.write("commit", raw);
      expect(latin1(handed("commit", oid)?.signature ?? new Uint8Array())).toBe(ARMOR + SSH_ARMOR);
      expect(parseCommit(oid, raw, algorithm).signatures).toHaveLength(2);
    });

    const tags: Readonly<Record<string, string>> = {
      "a signed tag": tagText({ algorithm, body: `\nRelease\n${ARMOR}` }),
      "an SSH signature": tagText({ algorithm, body: `\nRelease\n${SSH_ARMOR}` }),
      "an X.509 signature": tagText({ algorithm, body: `\nRelease\n${X509_ARMOR}` }),
      "an inline-signed message": tagText({ algorithm, body: `\nRelease\n${MESSAGE_ARMOR}` }),
      "no signature": tagText({ algorithm }),
      "no body": tagText({ algorithm, body: "" }),
      "an empty message": tagText({ algorithm, body: `\n${ARMOR}` }),
      "two blocks": tagText({ algorithm, body: `\nRelease\n${ARMOR}${SSH_ARMOR}` }),
      "two blocks the other way round": tagText({ algorithm, body: `\nRelease\n${SSH_ARMOR}text\n${ARMOR}` }),
      "text behind the armor": tagText({ algorithm, body: `\nRelease\n${ARMOR}more\n` }),
      "an armor that is quoted": tagText({ algorithm, body: `\nRelease\n> ${ARMOR}` }),
      "a BEGIN line that goes on": tagText({
        algorithm,
        body: `\nRelease\n${ARMOR.replace("-----\n", "-----more\n")}`,
      }),
      "an armor without END": tagText({ algorithm, body: "\nRelease\n-----BEGIN PGP SIGNATURE-----" }),
      "the other algorithm's signature header": tagText({
        algorithm,
        extra: header(other, SSH_ARMOR),
        body: `\nRelease\n${ARMOR}`,
      }),
      "only the other algorithm's signature": tagText({ algorithm, extra: header(other, ARMOR) }),
      "its own algorithm's header, which counts for nothing": tagText({
        algorithm,
        extra: header(own, SSH_ARMOR),
        body: `\nRelease\n${ARMOR}`,
      }),
      "CRLF, NUL and bytes that are not UTF-8": tagText({ algorithm, tag: "v\xff", body: `\na\r\n\0\xff\r\n${ARMOR}` }),
      "a header in the message": tagText({ algorithm, body: `\ngpgsig x\n y\n${ARMOR}` }),
    };
    it.each(Object.entries(tags))("tag: %s", (_, text) => {
      const raw = fromLatin1(text);
      const oid = repo.writeByGit("tag", raw);
      expect(hashObject("tag", raw, algorithm)).toBe(oid);
      const ours = parseTag(oid, raw, algorithm);
      const git = handed("tag", oid);
      expect(ours.signatures.map((signature) => latin1(signature.bytes))).toEqual(git ? [latin1(git.signature)] : []);
      if (git) expect(latin1(ours.payload)).toBe(latin1(git.payload));
    });

    it("commits and tags of random pieces", () => {
      // What git drops and we keep, and what we refuse to judge, is tested by name elsewhere.
      const pieces = fc.constantFrom(
        header(own, ARMOR),
        header(other, SSH_ARMOR),
        "x\n",
        "x 1\n",
        " continued\n",
        "encoding latin-1\n",
        `mergetag ${own} x\n`,
        "\n",
        " \n",
        "\xff\0\r\n",
        SSH_ARMOR,
        ARMOR,
      );
      fc.assert(
        fc.property(
          fc.array(pieces, { maxLength: 8 }),
          fc.constantFrom("commit" as const, "tag" as const),
          (parts, kind) => {
            // A tag's armor counts below the blank line only; git looks among the headers, too.
            const above = parts.filter((part) => !part.startsWith("-"));
            const text =
              kind === "commit"
                ? commitText({ algorithm, body: parts.join("") })
                : tagText({ algorithm, extra: above.join(""), body: `\n${parts.join("")}` });
            const raw = fromLatin1(text);
            const ours = parsed(() => (kind === "commit" ? parseCommit : parseTag)(target, raw, algorithm));
            if (ours === null || ours.signatures.length > 1) return;
            const git = handed(kind, repo.write(kind, raw));
            expect(ours.signatures.map(({ bytes }) => latin1(bytes))).toEqual(git ? [latin1(git.signature)] : []);
            if (git) expect(latin1(ours.payload)).toBe(latin1(git.payload));
          },
        ),
        { numRuns: process.env["SLOW"] === "1" ? 1000 : 40 },
      );
    }, 120_000);
    it("tag: no tagger, whose signature git never looks at; that it names nobody is for the policy to judge", () => {
      const raw = fromLatin1(tagText({ algorithm, tagger: null, body: `\nRelease\n${ARMOR}` }));
      const oid = repo.write("tag", raw);
      expect(handed("tag", oid)).toBeNull();
      expect(parseTag(oid, raw, algorithm)).toMatchObject({ tagger: null, signatures: [{ format: "openpgp" }] });
    });
  },
);
