import fc from "fast-check";
import { fromLatin1 } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";

export const arbitraryBytes: fc.Arbitrary<Bytes> = fc.uint8Array({ maxLength: 400 });

/** Pieces of which git objects, and attacks on their readers, are made: any order, any number. */
const pieces = [
  "\n",
  "\n\n",
  " ",
  "\r\n",
  "\0",
  "\xff\xfe",
  "x",
  `tree ${"a".repeat(40)}\n`,
  `parent ${"b".repeat(40)}\n`,
  "author A <a@b> 1 +0000\n",
  "committer A <a@b> 1 +0000\n",
  `object ${"a".repeat(40)}\n`,
  "type commit\n",
  "tag v1\n",
  "tagger A <a@b> 1 +0000\n",
  "encoding latin-1\n",
  "mergetag object x\n",
  "unknown\n",
  "gpgsig",
  "gpgsig ",
  "gpgsig-sha256 ",
  "gpgsigx ",
  " continued\n",
  " \n",
  "-----BEGIN PGP SIGNATURE-----\n",
  "-----BEGIN PGP MESSAGE-----",
  "-----BEGIN SSH SIGNATURE-----\n",
  "-----BEGIN SIGNED MESSAGE-----\n",
  "-----END PGP SIGNATURE-----\n",
];

/** Bytes that look like a git object, whole or broken. */
export const objectLikeBytes: fc.Arbitrary<Bytes> = fc
  .array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...pieces) }, { weight: 1, arbitrary: latin1Text() }), {
    maxLength: 40,
  })
  .map((parts) => fromLatin1(parts.join("")));

/** Latin-1 text: any byte, one a character. */
export function latin1Text(maxLength = 30): fc.Arbitrary<string> {
  return fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString("latin1"));
}
