import { shimText } from "../io/package-root.ts";
import { asOwner } from "../io/privileges.ts";
import type { ServerOptions } from "./installation.ts";
import { findServer, serverEnvironment, type ServerPlace } from "./server-place.ts";
import { standingPolicy } from "./server-policy.ts";

/** A command about one server's repository. */
export interface AskedServer<Options> {
  readonly options: Options;
  /** For what writes there. */
  readonly asOwner: <T>(act: () => Promise<T>) => Promise<T>;
}

/**
 * Where root is asked about a repository of another user, git is told outright which it is, and what is written there is
 * written with that user's rights. The same options, and no other rights, for everybody else.
 */
export async function askedServer<Options extends ServerOptions>(options: Options): Promise<AskedServer<Options>> {
  const { directory, environment } = options;
  const named = environment["GIT_DIR"] ?? directory;
  const place = process.getuid?.() === 0 ? await findServer(named, directory, environment).catch(() => null) : null;
  if (place === null || place.owner.uid === 0) return { options, asOwner: (act) => act() };
  const own = { ...options, environment: serverEnvironment(place.gitDir, place.owner, environment) };
  return {
    options: own,
    async asOwner(act) {
      await loadAhead(place, own);
      return asOwner(place.owner, act);
    },
  };
}

/** As `asOwner`, for what `install --server` writes. */
export async function withOwnerRights<T>(
  place: ServerPlace,
  options: ServerOptions,
  act: () => Promise<T>,
): Promise<T> {
  await Promise.all([loadAhead(place, options), shimText("server")]);
  return asOwner(place.owner, act);
}

/** All of the program that begins a record: the owner may not be allowed to read it where root keeps it. */
async function loadAhead(place: ServerPlace, options: ServerOptions): Promise<void> {
  // What a policy is read with depends on the policy.
  await standingPolicy(place, options);
  await import("./record-begin.ts");
  await import("../io/record-lock.ts");
}
