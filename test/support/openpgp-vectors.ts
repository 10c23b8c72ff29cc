/**
 * Writes test/vectors/openpgp anew. Keys of RSA and ECDSA are thrown away, so that other bytes come of it, with the same
 * verdicts; the vectors named `gpg-…` are gpg's own.
 *
 *     WRITE_VECTORS=openpgp npm run -s test:unit -- --testPathPatterns vectors/openpgp
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeBase64 } from "../../src/encoding/base64.ts";
import { fromLatin1 } from "../../src/encoding/bytes.ts";
import type { KeyWindow } from "../../src/model.ts";
import { withGnupgHome } from "./gpg.ts";
import { handMade, recipe } from "./openpgp-vector-recipes.ts";
import type { Recipe } from "./openpgp-vector-recipes.ts";
import { MADE, PAYLOAD, SIGNED, TIMES } from "./openpgp.ts";
import { isInstalled } from "./tools.ts";

/** `key` may repeat: JSON of `VectorKey`. `times`, `algorithms`: JSON. `payload`: base64. */
export const VECTOR_KEYS = ["key", "times", "algorithms", "payload"] as const;

export interface VectorKey {
  readonly principal: string;
  /** Binary certificate, base64. */
  readonly certificate: string;
  readonly window?: KeyWindow;
}

const RECIPE = "test/support/openpgp-vector-recipes.ts";

function render(recipe: Recipe): Buffer {
  const keys = recipe.certificates.map((certificate, index): VectorKey => ({
    principal: ["alice", "bob"][index] ?? "carol",
    certificate: encodeBase64(certificate),
    ...(index === 0 && recipe.window !== undefined && { window: recipe.window }),
  }));
  const head = [
    `expect: ${recipe.expect}`,
    `source: ${recipe.source ?? RECIPE}`,
    `comment: ${recipe.comment}`,
    ...keys.map((key) => `key: ${JSON.stringify(key)}`),
    `times: ${JSON.stringify({ ...TIMES, ...recipe.times })}`,
    ...(recipe.algorithms === undefined ? [] : [`algorithms: ${JSON.stringify(recipe.algorithms)}`]),
    `payload: ${encodeBase64(recipe.payload ?? PAYLOAD)}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\n")}\n\n`), recipe.armored]);
}

async function byGpg(): Promise<Readonly<Record<string, Recipe>>> {
  const recipes: Record<string, Recipe> = {};
  await withGnupgHome((gpg) => {
    const [source = "gpg"] = gpg.run(["--version"]).toString().split("\n");
    for (const algorithm of [
      "ed25519",
      "rsa3072",
      "nistp256",
      "nistp384",
      "nistp521",
      "brainpoolP256r1",
      "secp256k1",
    ]) {
      const fingerprint = gpg.generateKey(`${algorithm} <alice@example.org>`, algorithm, { usage: "sign", at: MADE });
      const certificates = [gpg.run(["--export", fingerprint])];
      const signed = gpg.sign(fingerprint, PAYLOAD, SIGNED);
      recipes[`gpg-${algorithm.toLowerCase()}`] = recipe(
        "verified alice",
        `${algorithm}, as gpg signs`,
        signed,
        certificates,
        { source },
      );
      recipes[`gpg-${algorithm.toLowerCase()}-changed`] = recipe(
        "refuted bad-signature",
        "the same over other bytes",
        signed,
        certificates,
        { source, payload: fromLatin1("other") },
      );
    }
  });
  return recipes;
}

export async function writeOpenPgpVectors(folder: string): Promise<void> {
  if (!isInstalled("gpg")) throw new Error("writing the vectors needs gpg");
  const recipes = { ...handMade(), ...(await byGpg()) };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, one] of Object.entries(recipes)) writeFileSync(join(folder, `${name}.txt`), render(one));
}
