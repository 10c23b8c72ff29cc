/** What git itself takes for the signed bytes of an object, after commit.c, `parse_buffer_signed_by_header`, and
 * gpg-interface.c, `parse_signed_buffer`, line by line and without anything of ours. */
import { fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";

const MARKERS = [
  "-----BEGIN PGP SIGNATURE-----",
  "-----BEGIN PGP MESSAGE-----",
  "-----BEGIN SIGNED MESSAGE-----",
  "-----BEGIN SSH SIGNATURE-----",
];

const linesOf = (raw: Bytes): readonly string[] => latin1(raw).split(/(?<=\n)/);

/**
 * Every header whose name begins like a signature's is left out, with the lines that are folded under it; with `names`,
 * only those of these very names, so that nothing else can hide from the signature.
 */
export function payloadOfCommit(raw: Bytes, names = /^gpgsig/): Bytes {
  let kept = "";
  let left: "header" | "signature" | "body" = "header";
  for (const line of linesOf(raw)) {
    if (left !== "body") {
      if (line.startsWith("\n")) left = "body";
      else if (names.test(line)) left = "signature";
      else if (!line.startsWith(" ")) left = "header";
    }
    if (left !== "signature") kept += line;
  }
  return fromLatin1(kept);
}

/** All above the last line that begins a signature; whole where none does. */
export function payloadOfBuffer(raw: Bytes): Bytes {
  let end = 0;
  let found = raw.length;
  for (const line of linesOf(raw)) {
    if (MARKERS.some((marker) => line.startsWith(marker))) found = end;
    end += line.length;
  }
  return raw.subarray(0, found);
}

/** git drops the other algorithm's header from a tag's payload too. */
export const payloadOfTag = (raw: Bytes, names?: RegExp): Bytes => payloadOfCommit(payloadOfBuffer(raw), names);
