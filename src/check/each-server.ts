import { resolve } from "node:path";
import { isGitoliteHome } from "./gitolite.ts";
import type { PerRepository, ServerOptions } from "./installation.ts";

export interface ServerActs<Result> {
  readonly repository: (repository: string) => Promise<Result>;
  /** For the home of gitolite's user: what was done there and in each of its repositories. */
  readonly gitolite: (home: string) => Promise<readonly PerRepository<Result>[]>;
}

/** Acts on every place that was named, in that order; one that fails does not stop the next. */
export async function eachServer<Result>(
  named: readonly string[],
  { directory }: ServerOptions,
  acts: ServerActs<Result>,
): Promise<readonly PerRepository<Result>[]> {
  const done: PerRepository<Result>[] = [];
  for (const one of named) {
    const home = resolve(directory, one);
    const results = (await isGitoliteHome(home))
      ? await acts.gitolite(home).catch((error: unknown) => [{ repository: one, error }])
      : await eachRepository([one], acts.repository);
    done.push(...results);
  }
  return done;
}

/** The same where all of them are repositories. */
export async function eachRepository<Result>(
  repositories: readonly string[],
  act: (repository: string) => Promise<Result>,
): Promise<readonly PerRepository<Result>[]> {
  const done: PerRepository<Result>[] = [];
  for (const repository of repositories) {
    try {
      done.push({ repository, result: await act(repository) });
    } catch (error) {
      done.push({ repository, error });
    }
  }
  return done;
}
