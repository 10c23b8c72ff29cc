import { isObjectId } from "../encoding/identifiers.ts";
import { SignpolicyError } from "../errors.ts";
import type { ObjectId, RefName } from "../model.ts";
import type { Problem, ServerOptions } from "./installation.ts";
import { shellWord } from "./hook-lines.ts";
import type { ServerPlace } from "./server-place.ts";
import { serverEnvironment } from "./server-place.ts";
import type { Session } from "./session.ts";

/** Which policy pushes meet as the repository stands, or why every one of them is refused. */
export type StandingPolicy =
  { readonly source: string; readonly ref: RefName | null; readonly notes: readonly string[] } | Problem;

/** @throws whatever is no SignpolicyError */
export async function standingPolicy(place: ServerPlace, options: ServerOptions): Promise<StandingPolicy> {
  const { governServer } = await import("./governing.ts");
  try {
    const { loaded, ref, notes } = await inSession(place, options, (session) => governServer(session, {}));
    return { source: loaded.origin.source, ref, notes };
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    const awaited = error.code === "ERR_POLICY_MISSING" ? await inSession(place, options, awaitedRoot) : null;
    if (awaited !== null) {
      const note = `there is no policy yet: it comes with the first push whose history holds the trust root ${awaited}`;
      return { source: `trust root ${awaited}`, ref: null, notes: [note] };
    }
    const fix = error.hint ?? "signpolicy policy check";
    const dir = shellWord(place.gitDir);
    return { message: `every push is refused: ${error.message}`, fix: fix.replaceAll(" DIR ", ` ${dir} `) };
  }
}

/** The trust root of a repository that has not got it yet. */
async function awaitedRoot(session: Session): Promise<ObjectId | null> {
  const { configuredTrustRoot } = await import("./trust-root.ts");
  const root = configuredTrustRoot(session);
  return root !== null && isObjectId(root) && (await session.outlines.outline(root)) === null ? root : null;
}

/** @throws PolicyError */
export async function loadPinned(policy: string): Promise<void> {
  const { loadPolicy } = await import("./policy.ts");
  const { filePolicySource } = await import("./file-policy.ts");
  await loadPolicy(filePolicySource(policy));
}

/** Reads the repository as its hooks do. */
export async function inSession<Result>(
  place: ServerPlace,
  options: ServerOptions,
  act: (session: Session) => Promise<Result>,
): Promise<Result> {
  const { findRepository } = await import("../io/repository.ts");
  const { openSession } = await import("./session.ts");
  const environment = serverEnvironment(place.gitDir, place.owner, options.environment);
  const session = await openSession(await findRepository(place.gitDir, environment));
  try {
    return await act(session);
  } finally {
    session.close();
  }
}
