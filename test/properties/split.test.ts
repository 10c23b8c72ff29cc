import { describe, expect } from "@jest/globals";
import fc from "fast-check";
import { concatBytes, equalBytes, fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import type { Signed } from "../../src/model.ts";
import { parseCommit } from "../../src/subject/commit.ts";
import { joinCommit, joinTag, splitCommit, splitTag } from "../../src/subject/split.ts";
import { parseTag } from "../../src/subject/tag.ts";
import { ParseError } from "../../src/errors.ts";
import { arbitraryBytes, latin1Text, objectLikeBytes } from "../support/arbitraries.ts";
import { itHolds } from "../support/fuzz.ts";
import { ARMOR, commitText, header, OID, SSH_ARMOR, tagText } from "../support/objects.ts";

const algorithms = fc.constantFrom("sha1" as const, "sha256" as const);
const anyBytes = fc.oneof(arbitraryBytes, objectLikeBytes);

/** Header lines git accepts below the committer, signatures aside. */
const headerLines = fc
  .array(
    fc.oneof(
      fc.constantFrom("encoding ISO-8859-1\n", "HG:extra branch:x\n", "novalue\n", "gpgsigx 1\n", "gpgsig\n"),
      latin1Text(60).map((value) => header("mergetag", `${value.replaceAll("\0", "")}\n`)),
    ),
    { maxLength: 4 },
  )
  .map((lines) => [...new Set(lines)].join(""));

const body = fc.oneof(
  fc.constantFrom("", "\n", "\nTitle", "\nTitle\n", "\n\r\nTitle\r\n", "\n\ngpgsig x\n y\n"),
  latin1Text(200).map((text) => `\n${text}`),
);

describe("splitCommit and joinCommit", () => {
  itHolds("are inverse on every byte sequence", () =>
    fc.property(anyBytes, algorithms, (raw, algorithm) => {
      const parts = splitCommit(raw, algorithm);
      expect(equalBytes(joinCommit(parts), raw)).toBe(true);
    }),
  );
  itHolds("are inverse on commits, and find exactly the payload and the signature they were made of", () =>
    fc.property(headerLines, headerLines, body, algorithms, fc.boolean(), (above, below, text, algorithm, isDual) => {
      const own = header(algorithm === "sha1" ? "gpgsig" : "gpgsig-sha256", ARMOR);
      const other = isDual ? header(algorithm === "sha1" ? "gpgsig-sha256" : "gpgsig", SSH_ARMOR) : "";
      // The first lines of `below` must not be taken for more of the signature.
      const lines = below.startsWith(" ") ? `x\n${below}` : below;
      const raw = fromLatin1(commitText({ algorithm, extra: `${above}${own}${lines}${other}`, body: text }));
      const parts = splitCommit(raw, algorithm);
      expect(latin1(parts.payload)).toBe(commitText({ algorithm, extra: `${above}${lines}`, body: text }));
      expect(parts.signatures.map((signature) => latin1(signature.bytes))).toEqual([ARMOR]);
      expect(equalBytes(joinCommit(parts), raw)).toBe(true);
    }),
  );
  itHolds("leave no signature header behind", () =>
    fc.property(objectLikeBytes, algorithms, (raw, algorithm) => {
      const again = splitCommit(splitCommit(raw, algorithm).payload, algorithm);
      // Taking headers out may pull a line that starts with a space under another header, never the other way round.
      expect(again.headers).toEqual([]);
    }),
  );
});

describe("splitTag and joinTag", () => {
  itHolds("are inverse on every byte sequence", () =>
    fc.property(anyBytes, (raw) => {
      expect(equalBytes(joinTag(splitTag(raw)), raw)).toBe(true);
    }),
  );
  itHolds("find the last block, whatever stands before it", () =>
    fc.property(headerLines, body, fc.boolean(), (extra, text, isTwice) => {
      const message = `${text === "" ? "\n" : text}\n${isTwice ? SSH_ARMOR : ""}`;
      const raw = fromLatin1(tagText({ extra, body: message + ARMOR }));
      const parts = splitTag(raw);
      expect(latin1(parts.payload)).toBe(tagText({ extra, body: message }));
      expect(parts.signatures.map((signature) => latin1(signature.bytes))).toEqual([ARMOR]);
      expect(equalBytes(joinTag(parts), raw)).toBe(true);
    }),
  );
});

describe("parseCommit and parseTag", () => {
  itHolds("answer or throw a ParseError, whatever the bytes are", () =>
    fc.property(anyBytes, algorithms, (raw, algorithm) => {
      for (const parse of [parseCommit, parseTag]) {
        try {
          parse(OID, raw, algorithm);
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
        }
      }
    }),
  );
  itHolds("take payload and signatures from the same split as splitCommit and splitTag do", () =>
    fc.property(headerLines, body, (extra, text) => {
      const commit = fromLatin1(commitText({ extra: extra + header("gpgsig", ARMOR), body: text }));
      expect(pick(parseCommit(OID, commit, "sha1"))).toEqual(pick(splitCommit(commit, "sha1")));
      const tag = concatBytes(fromLatin1(tagText({ extra, body: `${text}\n` })), fromLatin1(ARMOR));
      expect(pick(parseTag(OID, tag, "sha1"))).toEqual(pick(splitTag(tag)));
    }),
  );
});

const pick = ({ payload, signatures }: Signed) => ({
  payload: latin1(payload),
  signatures: signatures.map((signature) => [signature.format, latin1(signature.bytes)]),
});
