/**
 * Certificates of every shape, made part by part, imported into gpg and judged by both. What gpg says of an expired or
 * revoked key is what we say of it today; where we are stricter on purpose, the case says so.
 */
import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { concatBytes } from "../../src/encoding/bytes.ts";
import type { Bytes, Evidence } from "../../src/model.ts";
import type { Gnupg, GpgVerdict } from "../support/gpg.ts";
import { withGnupgHome } from "../support/gpg.ts";
import {
  DAY,
  MADE,
  NOW,
  PAYLOAD,
  SIGNED,
  backSignature,
  binding,
  certification,
  directKey,
  eddsaKey,
  judge,
  keyLifetime,
  lifetime,
  packet,
  publicKey,
  publicSubkey,
  revocation,
  signature,
  signatureBody,
  userId,
  userIdContent,
} from "../support/openpgp.ts";
import type { TestKey } from "../support/openpgp.ts";
import { describeWith } from "../support/tools.ts";

/** Seconds after which something expires, or never. */
const after = fc.constantFrom(null, 30 * DAY, SIGNED - MADE + 10 * DAY, NOW - MADE + DAY);
const flags = fc.constantFrom(null, 0x01, 0x02, 0x03);
const selfSignature = fc.record({
  at: fc.integer({ min: 0, max: 9 }),
  expires: after,
  flags,
  ends: fc.constantFrom(null, null, null, DAY),
});
const shape = fc.record({
  direct: fc.array(selfSignature, { maxLength: 2 }),
  users: fc.array(
    fc.record({
      certifications: fc.array(selfSignature, { minLength: 1, maxLength: 3 }),
      revoked: fc.option(fc.integer({ min: 0, max: 9 }), { freq: 5 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  revoked: fc.option(fc.integer({ min: 0, max: 9 }), { freq: 8 }),
  subkey: fc.option(
    fc.record({
      bindings: fc.array(
        fc.record({
          at: fc.integer({ min: 0, max: 9 }),
          expires: after,
          flags: fc.constantFrom(null, 0x02, 0x02, 0x0c),
          back: fc.boolean(),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      revoked: fc.option(fc.integer({ min: 0, max: 9 }), { freq: 5 }),
    }),
  ),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

/** Ten moments, the last of them after the signature under judgement. */
const moment = (index: number): number => MADE + index * ((SIGNED - MADE) / 8);

function build({ direct, users, revoked, subkey }: Shape, primary: TestKey, sub: TestKey): Bytes {
  const hashed = (expires: number | null, ends: number | null): Bytes[] => [
    ...(expires === null ? [] : [keyLifetime(expires)]),
    ...(ends === null ? [] : [lifetime(ends)]),
  ];
  const parts: Bytes[] = [publicKey(primary)];
  if (revoked !== null) parts.push(revocation(primary, moment(revoked), 3));
  for (const one of direct)
    parts.push(directKey(primary, { at: moment(one.at), flags: one.flags, hashed: hashed(one.expires, one.ends) }));
  users.forEach((user, index) => {
    const name = `Alice ${index} <alice${index}@example.org>`;
    parts.push(userId(name));
    for (const one of user.certifications) {
      parts.push(
        certification(primary, name, { at: moment(one.at), flags: one.flags, hashed: hashed(one.expires, one.ends) }),
      );
    }
    if (user.revoked !== null) {
      parts.push(
        packet(2, signatureBody(primary, userIdContent(primary, name), { type: 0x30, at: moment(user.revoked) })),
      );
    }
  });
  if (subkey !== null) {
    parts.push(publicSubkey(sub));
    if (subkey.revoked !== null) parts.push(revocation(primary, moment(subkey.revoked), 3, { subkey: sub }));
    for (const one of subkey.bindings) {
      const back = one.back ? backSignature(primary, sub) : null;
      parts.push(
        binding(primary, sub, { at: moment(one.at), flags: one.flags, hashed: hashed(one.expires, null), back }),
      );
    }
  }
  return concatBytes(...parts);
}

/** Expired or revoked is one answer here: of a key that is both, gpg names the one and we the other. */
function inShort(evidence: Evidence): string {
  const code = evidence.outcome === "verified" ? (evidence.lapsed?.code ?? "good") : evidence.code;
  return code === "key-expired" || code === "key-revoked" ? "not good today" : code === "good" ? "good" : "refused";
}

function said({ keywords }: GpgVerdict): string {
  if (keywords.has("GOODSIG")) return "good";
  return keywords.has("EXPKEYSIG") || keywords.has("REVKEYSIG") ? "not good today" : "refused";
}

async function both(
  gpg: Gnupg,
  certificate: Bytes,
  armored: Bytes,
  key: TestKey,
): Promise<{ ours: string; theirs: string }> {
  try {
    gpg.run(["--import"], certificate, NOW);
  } catch {
    // gpg imports no certificate without a valid user ID; then it knows no such key.
  }
  const theirs = said(gpg.verify(armored, PAYLOAD, NOW));
  try {
    gpg.run(["--delete-keys", key.fingerprint]);
  } catch {
    // Nothing was imported.
  }
  return { ours: inShort(await judge(armored, certificate)), theirs };
}

const ORDER = ["refused", "not good today", "good"];

/** User IDs that were revoked, or self-signatures that ended by their own date. */
const isOdd = ({ direct, users }: Shape): boolean =>
  users.some(({ revoked }) => revoked !== null) ||
  [...direct, ...users.flatMap(({ certifications }) => certifications)].some(({ ends }) => ends !== null);

describeWith(["gpg"], "gpg: validity of certificates of every shape", () => {
  const primary = eddsaKey({ seed: 1 });
  const sub = eddsaKey({ seed: 2 });

  it("agrees with gpg; is stricter only where all user IDs were revoked or have ended, after which gpg forgets expiry and flags", async () => {
    await withGnupgHome(async (gpg) => {
      await fc.assert(
        fc.asyncProperty(shape, async (one) => {
          const signer = one.subkey === null ? primary : sub;
          const { ours, theirs } = await both(gpg, build(one, primary, sub), signature(signer), primary);
          if (isOdd(one)) expect(ORDER.indexOf(ours)).toBeLessThanOrEqual(ORDER.indexOf(theirs));
          else expect({ ours }).toEqual({ ours: theirs });
        }),
        { numRuns: process.env["SLOW"] === "1" ? 1000 : 100, ...(process.env["SLOW"] === "1" ? {} : { seed: 2026 }) },
      );
    });
  }, 600_000);
});
