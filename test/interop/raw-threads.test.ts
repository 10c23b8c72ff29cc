/** The arithmetic in threads of our own: the same answers as here, and no answer at all where a thread is lost. */
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { RawThreads } from "../../src/check/raw-threads.ts";
import { verifyHere, verifyInPool, type RawCheck } from "../../src/signature/raw.ts";

const program = fileURLToPath(new URL("../../dist/raw-thread.cjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "signpolicy-threads-"));
let threads: RawThreads | null = null;
afterEach(() => threads?.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (file: string, count = 1): RawThreads =>
  (threads = new RawThreads({ program: file, isText: false }, count));

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}
const PAIRS: readonly (readonly [string, Pair, string | null])[] = [
  ["Ed25519", generateKeyPairSync("ed25519"), null],
  ["Ed448", generateKeyPairSync("ed448"), null],
  ["RSA", generateKeyPairSync("rsa", { modulusLength: 2048 }), "sha512"],
  ["P-256", generateKeyPairSync("ec", { namedCurve: "P-256" }), "sha256"],
  ["P-521", generateKeyPairSync("ec", { namedCurve: "P-521" }), "sha512"],
];

/** Every third is a forgery: another message, another key, a bit of the signature. */
function checks(count: number): { readonly check: RawCheck; readonly good: boolean }[] {
  return Array.from({ length: count }, (_, index) => {
    const [, pair, hash] = PAIRS[index % PAIRS.length] as (typeof PAIRS)[number];
    const message = Buffer.from(`commit ${index}`);
    const made = { key: pair.privateKey, dsaEncoding: "ieee-p1363" } as const;
    const good = { key: pair.publicKey, hash, message, signature: sign(hash, message, made) };
    const flipped = Buffer.from(good.signature);
    flipped[index % flipped.length] = (flipped[index % flipped.length] ?? 0) ^ 1;
    const forged = [
      { ...good, message: Buffer.from("another") },
      { ...good, key: (PAIRS[(index + 1) % PAIRS.length] as (typeof PAIRS)[number])[1].publicKey },
      { ...good, signature: flipped },
    ][index % 3] as RawCheck;
    return index % 3 === 2 ? { check: forged, good: false } : { check: good, good: true };
  });
}

describe("raw checks in threads", () => {
  it.each([1, 3])(
    "with %d of them give each check its own answer, the one that is given here",
    async (count) => {
      const asked = checks(700);
      const { verify } = start(program, count);
      const answers = await Promise.all(asked.map(({ check }) => verify(check)));
      expect(answers).toEqual(asked.map(({ good }) => good));
      expect(answers).toEqual(asked.map(({ check }) => verifyHere(check)));
      expect(await Promise.all(asked.slice(0, 30).map(({ check }) => verifyInPool(check)))).toEqual(
        answers.slice(0, 30),
      );
    },
    60_000,
  );
  it("answer what comes one by one, and what is too long or too odd to be sent", async () => {
    const { verify } = start(program);
    const [{ check } = { check: null }] = checks(1);
    if (check === null) throw new Error("no check");
    for (let turn = 0; turn < 5; turn++) expect(await verify(check)).toBe(true);
    expect(await verify({ ...check, message: Buffer.alloc(100_000) })).toBe(false);
    expect(await verify({ ...check, hash: "no-such-hash" })).toBe(false);
  });
  it.each([
    ["cannot be loaded", "throw new Error('broken');"],
    ["ends without an answer", "process.exit(0);"],
    [
      "gives too few answers",
      "require('worker_threads').parentPort.on('message', () => require('worker_threads').parentPort.postMessage(new Uint8Array(1)));",
    ],
  ])("that %s fail every question that is open and every later one, instead of answering it", async (name, code) => {
    const file = join(folder, `${name.replaceAll(" ", "-")}.cjs`);
    writeFileSync(file, code);
    const { verify } = start(file);
    // As many as one thread takes at once: more would be done here, and answered.
    const results = await Promise.allSettled(checks(96).map(({ check }) => verify(check)));
    expect(results.map(({ status }) => status)).toEqual(results.map(() => "rejected"));
    await expect(verify((checks(1)[0] as { check: RawCheck }).check)).rejects.toThrow("a verifying thread");
  });
});
