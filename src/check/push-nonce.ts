import { createHmac, timingSafeEqual } from "node:crypto";
import { realpathSync } from "node:fs";
import { formatTime } from "../encoding/time.ts";
import type { HashAlgorithm, Seconds } from "../model.ts";
import { SKEW } from "../policy/clock.ts";
import type { Problem } from "../policy/decide-problem.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface NonceInput {
  /** As it stands in the certificate. */
  readonly nonce: string | null;
  /** The URL in the certificate. */
  readonly pushee: string | null;
  /** `receive.certNonceSeed` of the repository's own or the system's configuration, null where there is none. */
  readonly seed: string | null;
  /** The seed is the system's: other repositories issue nonces by it as well. */
  readonly shared: boolean;
  readonly gitDir: string;
  readonly algorithm: HashAlgorithm;
  readonly environment: Variables;
  readonly now: Seconds;
}

/**
 * How long before now a nonce may have been issued. git-receive-pack issues it before the objects arrive, which may take
 * hours on a slow line; longer ago it is somebody's old certificate.
 */
export const NONCE_LIFE: Seconds = 6 * 60 * 60;

/**
 * Whether the certificate answers a nonce that this repository issued, and lately. What git says of it in the environment
 * is asked, but proves nothing: an unsigned push inherits those variables from whoever starts git-receive-pack. So the
 * nonce is computed anew from the repository's own seed. Null where nothing is wrong with it.
 */
export function nonceProblem(input: NonceInput): Problem | null {
  const { nonce, seed, environment, now } = input;
  if (seed === null) {
    return bad(
      "this repository issues no nonce of its own, so that a signed push could be pushed again",
      seedHint(input),
    );
  }
  const [, stamp, digest] = /^([1-9][0-9]{0,14})-([0-9a-f]+)$/.exec(nonce ?? "") ?? [];
  if (nonce === null || stamp === undefined || digest === undefined) {
    return bad("the push certificate does not answer the server's nonce");
  }
  const status = environment["GIT_PUSH_CERT_NONCE_STATUS"] ?? "";
  if (status !== "OK") {
    return bad(
      `git says that the nonce of the push certificate is ${/^[A-Z]+$/.test(status) ? status : "not its own"}`,
    );
  }
  if (environment["GIT_PUSH_CERT_NONCE"] !== nonce) return bad("the push certificate answers another push's nonce");
  if (!isOurs(input, seed, stamp, digest)) {
    const message = "the nonce of the push certificate was not issued by this repository";
    if (!input.shared) return bad(message);
    return bad(`${message}, or may be another's: the seed is the whole system's`, seedHint(input));
  }
  const issued = Number(stamp);
  if (issued > now + SKEW) return bad(`the nonce of the push certificate is dated ahead: ${formatTime(issued)}`);
  if (issued < now - NONCE_LIFE) return bad(`the push certificate answers an old nonce, of ${formatTime(issued)}`);
  return null;
}

const bad = (message: string, hint = "git push --signed, again"): Problem => ({ code: "bad-input", message, hint });

/** git reads the server user's own configuration, too; whoever pushes locally chooses that one. */
const seedHint = ({ gitDir }: NonceInput): string =>
  `an administrator sets one: git --git-dir ${gitDir} config receive.certNonceSeed "$(openssl rand -hex 32)"`;

/** receive-pack.c, `prepare_push_cert_nonce`: an HMAC of the seed under `PATH:TIME`, the hash being the repository's. */
function isOurs(input: NonceInput, seed: string, stamp: string, digest: string): boolean {
  const given = Buffer.from(digest);
  for (const path of servicePaths(input)) {
    const key = Buffer.from(`${path}:${stamp}`, "latin1");
    const own = Buffer.from(createHmac(input.algorithm, key).update(seed, "utf8").digest("hex"));
    if (own.length === given.length && timingSafeEqual(own, given)) return true;
  }
  return false;
}

const toLatin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

/**
 * Every name by which git-receive-pack may have been asked for this repository, which the nonce depends on: its path, the
 * ends of it (a server's own base folder, a home folder), the same without `.git`, `.` over HTTP (http-backend.c), and
 * the path in the signer's URL where that leads here. Where other repositories have the same seed, only what names no other
 * one: a fork's certificate would be good here. Bytes as latin-1 text.
 */
export function servicePaths({
  gitDir,
  pushee,
  shared,
}: Pick<NonceInput, "gitDir" | "pushee" | "shared">): ReadonlySet<string> {
  const full = toLatin1(gitDir);
  const ends = new Set<string>();
  for (const name of [full, full.replace(/\/?\.git$/, "")]) {
    const parts = name.split("/").filter((part) => part !== "");
    const last = shared ? Math.min(1, parts.length) : parts.length;
    for (let from = 0; from < last; from += 1) ends.add(parts.slice(from).join("/"));
  }
  const paths = new Set(shared ? [] : ["."]);
  for (const end of ends) for (const path of [end, `/${end}`]) paths.add(path).add(`${path}/`);
  const asked = pushee === null ? null : pathOf(pushee);
  if (asked !== null && leadsTo(asked, gitDir, ends)) paths.add(asked);
  return paths;
}

/** The path in a URL, as connect.c hands it to the server. */
function pathOf(url: string): string | null {
  const [, path] = /^[a-z][a-z0-9+.-]*:\/\/[^/]*(\/.*)$/is.exec(url) ?? [];
  if (path !== undefined) return unescapeUrl(path).replace(/^\/~/, "~");
  const [, remote] = /^(?:\[[^\]]*\]|[^/:]+):(.*)$/s.exec(url) ?? [];
  return remote ?? url;
}

const unescapeUrl = (path: string): string =>
  path.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

function leadsTo(path: string, gitDir: string, ends: ReadonlySet<string>): boolean {
  if (!path.startsWith("/")) return ends.has(withoutSlashes(path.replace(/^(?:~[^/]*\/|\.{1,2}\/)+/, "")));
  const named = Buffer.from(path, "latin1").toString("utf8");
  return ["", ".git", "/.git"].some((more) => realPathOf(`${named}${more}`) === gitDir);
}

/** Counted down: a pattern would be tried at every slash, and the signer's URL may have any number. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}

function realPathOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
