// An RSA key from a seed, so that the bench's repositories are the same on every machine. For the bench alone: whoever reads
// the seed holds the key.
import { checkPrimeSync, createHash, createPrivateKey } from "node:crypto";

const E = 65_537n;

export function rsaKeyFromSeed(seed, bits) {
  const p = primeFrom(`${seed}, p`, bits / 2);
  const q = primeFrom(`${seed}, q`, bits / 2);
  const d = inverse(E, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const key = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, base64Url(value)]));
  return createPrivateKey({ key: { kty: "RSA", ...key }, format: "jwk" });
}

/** Its two highest bits are set, so that the product of two has its full length. */
function primeFrom(seed, bits) {
  const bytes = Buffer.concat(
    Array.from({ length: bits / 256 }, (_, n) => createHash("sha256").update(`${seed} ${n}`).digest()),
  );
  bytes[0] |= 0xc0;
  bytes[bytes.length - 1] |= 1;
  let candidate = BigInt(`0x${bytes.toString("hex")}`);
  while (candidate % E === 1n || !checkPrimeSync(candidate)) candidate += 2n;
  return candidate;
}

function inverse(value, modulus) {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b % a, a, y - quotient * x, x];
  }
  return ((x % modulus) + modulus) % modulus;
}

function base64Url(value) {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
}
