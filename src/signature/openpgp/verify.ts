import type { Bytes, Evidence } from "../../model.ts";
import type { Anchors } from "../anchors.ts";
import type { SigningTimes } from "../times.ts";

/** What one OpenPGP signature (armored) proves about `payload`. Never throws for hostile bytes. */
export function verifyOpenPgp(
  signature: Bytes,
  payload: Bytes,
  anchors: Anchors,
  times: SigningTimes,
): Promise<Evidence> {
  return Promise.reject(new Error(`not built yet: ${signature.length} ${payload.length} ${anchors.size} ${times.now}`));
}
