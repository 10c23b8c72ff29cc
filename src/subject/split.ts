import { concatBytes, asBuffer } from "../encoding/bytes.ts";
import type { Bytes, HashAlgorithm, RawSignature, Signed } from "../model.ts";
import { SIGNATURE_MARKERS, formatOf } from "./fields.ts";
import { cutSignatureHeaders, ownSignatureHeader, pasteSignatureHeaders } from "./headers.ts";
import type { CutOptions, SignatureHeader } from "./headers.ts";

/** A signed object taken apart, nothing lost: `joinCommit` and `joinTag` give back the same bytes. */
export interface SplitObject extends Signed {
  /** Both algorithms' signature headers, in the order in which they stood. */
  readonly headers: readonly SignatureHeader[];
  /** Offset in the raw object of the blank line that ends its headers; its length where there is none. */
  readonly headerEnd: number;
}

/**
 * Splits a raw commit into the bytes git signs and its signatures. Total: every byte sequence splits, and nothing is
 * decoded or normalised. The signature is the header of the repository's own algorithm; the other algorithm's is
 * dropped from the payload, too. Each own header is one entry, though git would join several into one.
 *
 * Says nothing about whether the bytes are a commit; `parseCommit` does.
 *
 * @throws ParseError only as `options` ask.
 *
 * @example
 * ```ts
 * const { payload, signatures } = splitCommit(raw, "sha1");
 * ```
 */
export function splitCommit(raw: Bytes, algorithm: HashAlgorithm, options?: CutOptions): SplitObject {
  const cut = cutSignatureHeaders(asBuffer(raw), options);
  const own = ownSignatureHeader(algorithm);
  const signatures: RawSignature[] = [];
  for (const { name, value } of cut.headers) {
    if (name === own) signatures.push({ format: formatOf(value), bytes: value });
  }
  return { payload: cut.payload, headers: cut.headers, headerEnd: cut.headerEnd, signatures };
}

/** Inverse of `splitCommit`. */
export function joinCommit(commit: Pick<SplitObject, "payload" | "headers">): Bytes {
  return pasteSignatureHeaders(commit.payload, commit.headers);
}

/**
 * Splits a raw tag into the bytes git signs and its signature: the last armor block that starts a line of the body, and
 * all that follows it, in repositories of either algorithm (gpg-interface.c, `parse_signature`). An earlier block is payload. Signature
 * headers, which hold the other algorithm's signature, are dropped from the payload. Total, like `splitCommit`.
 */
export function splitTag(raw: Bytes, options?: CutOptions): SplitObject {
  const bytes = asBuffer(raw);
  const { payload, headers, headerEnd } = cutSignatureHeaders(bytes, options);
  const body = payload.length - (raw.length - headerEnd);
  const start = lastMarker(asBuffer(payload), body);
  if (start === -1) return { payload, headers, headerEnd, signatures: [] };
  const signature = payload.subarray(start);
  return {
    payload: payload.subarray(0, start),
    headers,
    headerEnd,
    signatures: [{ format: formatOf(signature), bytes: signature }],
  };
}

/** Inverse of `splitTag`. */
export function joinTag(tag: Pick<SplitObject, "payload" | "headers" | "signatures">): Bytes {
  return concatBytes(
    pasteSignatureHeaders(tag.payload, tag.headers),
    ...tag.signatures.map((signature) => signature.bytes),
  );
}

/** `blank` is the line end that ends the headers, so that a marker may follow it at once. */
function lastMarker(bytes: Buffer, blank: number): number {
  let last = -1;
  for (const [marker] of SIGNATURE_MARKERS) {
    const at = bytes.lastIndexOf(`\n${marker}`, undefined, "latin1");
    if (at >= blank && at + 1 > last) last = at + 1;
  }
  return last;
}
