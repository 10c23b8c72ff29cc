import type { Pusher } from "./record-entries.ts";

/** Variables in which servers name who pushes, the most telling first (githooks of GitLab, Gitea, GitHub, Bitbucket, gitolite; http-backend). */
const NAMES = [
  "GL_USERNAME",
  "GITEA_PUSHER_NAME",
  "GITHUB_USER_LOGIN",
  "STASH_USER_NAME",
  "GL_USER",
  "REMOTE_USER",
] as const;

/** Longer names are nobody's. */
const CAP = 200;

/**
 * Who pushes, as the environment says. A claim: where the pusher starts git-receive-pack himself it is his own word. It is
 * written down and never judged by.
 */
export function pusherOf(environment: Readonly<Record<string, string | undefined>>, uid: number | null): Pusher {
  const via = NAMES.find((name) => (environment[name] ?? "") !== "") ?? null;
  return { via, name: via === null ? null : (environment[via] ?? "").slice(0, CAP), uid };
}
