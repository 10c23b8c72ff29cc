import type { Seconds } from "../model.ts";

/** The machine's clock: the only one of the three that no signer controls. */
export function readClock(): Seconds {
  return Math.floor(Date.now() / 1000);
}
