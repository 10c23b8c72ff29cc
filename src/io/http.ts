/** Fetching keys from addresses that a user typed. What comes back is a stranger's text. */
import { UsageError, SignpolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";

/** Keys of the busiest account are a few dozen kilobytes. */
const SIZE_CAP = 1024 * 1024;
const TIMEOUT_MS = 15_000;
const REDIRECTS = 3;

/**
 * What a GET of this address gives, and null for 404. Bounded in size, time and redirects; https, or plain http on this
 * machine alone, since keys that anybody on the way can exchange are worth nothing.
 *
 * @throws UsageError for another kind of address, SignpolicyError ERR_IO when nothing came back that can be used
 */
export async function fetchBytes(address: string): Promise<Bytes | null> {
  let url = checkAddress(address);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  for (let hops = 0; hops <= REDIRECTS; hops += 1) {
    const answer = await ask(url, signal);
    const location = answer.headers.get("location");
    if (answer.status >= 300 && answer.status < 400 && location !== null) {
      await answer.body?.cancel();
      url = redirected(location, url);
      continue;
    }
    if (answer.status === 404) {
      await answer.body?.cancel();
      return null;
    }
    if (!answer.ok) {
      await answer.body?.cancel();
      throw failed(url, `it answered ${String(answer.status)}`);
    }
    return readBody(url, answer);
  }
  throw failed(url, `it redirects more than ${String(REDIRECTS)} times`);
}

/**
 * Where an answer redirects to. A stranger's server leads nobody to what listens on this machine alone.
 *
 * @throws UsageError, SignpolicyError ERR_IO
 */
export function redirected(location: string, from: URL): URL {
  const to = checkAddress(location, from);
  if (isHere(to) && !isHere(from)) throw failed(from, `it redirects to this machine: ${to.href}`);
  return to;
}

const isHere = ({ hostname }: URL): boolean =>
  /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0|\[::\]|\[::ffff:[0-9a-f:]+\])$/.test(hostname) ||
  hostname.endsWith(".localhost");

function checkAddress(address: string, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch (cause) {
    throw new UsageError(`'${address}' is no address`, { cause });
  }
  if (url.username !== "" || url.password !== "") throw new UsageError("the address holds a user name or password");
  const isPlainHere = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol === "https:" || (url.protocol === "http:" && isPlainHere)) return url;
  throw new UsageError(`${url.protocol}// is not safe to fetch keys by`, {
    hint: "use https, or fetch the file yourself, compare the fingerprint with its owner, and add the file",
  });
}

async function ask(url: URL, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, {
      redirect: "manual",
      signal,
      headers: { "user-agent": `signpolicy/${SIGNPOLICY_VERSION}` },
    });
  } catch (cause) {
    throw failed(url, why(cause), cause);
  }
}

async function readBody(url: URL, answer: Response): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      size += part.length;
      if (size > SIZE_CAP) break;
      parts.push(part);
    }
  } catch (cause) {
    throw failed(url, why(cause), cause);
  }
  if (size > SIZE_CAP) throw failed(url, `it sends more than ${String(SIZE_CAP)} bytes`);
  return Buffer.concat(parts);
}

function why(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === "TimeoutError") return `no answer within ${String(TIMEOUT_MS / 1000)} s`;
  const { cause: inner } = cause;
  return inner instanceof Error ? ((inner as NodeJS.ErrnoException).code ?? inner.message) : cause.message;
}

const failed = (url: URL, reason: string, cause?: unknown): SignpolicyError =>
  new SignpolicyError("ERR_IO", `cannot fetch ${url.href}: ${reason}`, { cause });
