import { shimText } from "../io/package-root.ts";
import { asOwner } from "../io/privileges.ts";
import type { ServerOptions } from "./installation.ts";
import type { ServerPlace } from "./server-place.ts";
import { standingPolicy } from "./server-policy.ts";

/** As `asOwner`, with all of the program loaded before: the owner may not be allowed to read it where root keeps it. */
export async function withOwnerRights<T>(
  place: ServerPlace,
  options: ServerOptions,
  act: () => Promise<T>,
): Promise<T> {
  await Promise.all([
    import("./record-begin.ts"),
    import("../io/record-lock.ts"),
    shimText("server"),
    // What a policy is read with depends on the policy.
    standingPolicy(place, options),
  ]);
  return asOwner(place.owner, act);
}
