import { SignpolicyError } from "../errors.ts";
import type { Problem, ServerOptions } from "./installation.ts";
import type { ServerPlace } from "./server-place.ts";
import { serverEnvironment } from "./server-place.ts";
import type { Session } from "./session.ts";

/** Which policy pushes meet as the repository stands, or why every one of them is refused. */
export type StandingPolicy = { readonly source: string; readonly notes: readonly string[] } | Problem;

/** @throws whatever is no SignpolicyError */
export async function standingPolicy(place: ServerPlace, options: ServerOptions): Promise<StandingPolicy> {
  const { governServer } = await import("./governing.ts");
  try {
    const { loaded, notes } = await inSession(place, options, (session) => governServer(session, {}));
    return { source: loaded.origin.source, notes };
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    return { message: `every push is refused: ${error.message}`, fix: error.hint ?? "signpolicy policy check" };
  }
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
