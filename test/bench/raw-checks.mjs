// What the signatures of a history come to for node:crypto, as one file: the floor reads it and does nothing else.
import { createPublicKey } from "node:crypto";

/** Numbers of the key and the hash, lengths of signature and message: 32 bits each, before both. */
const HEAD = 16;
const HASHES = [null, "sha256"];

export function packChecks(checks) {
  const keys = [...new Set(checks.map(({ key }) => key))];
  const number = new Map(keys.map((key, index) => [key, index]));
  const head = Buffer.from(JSON.stringify(keys.map((key) => key.export({ format: "jwk" }))));
  const parts = checks.flatMap(({ key, hash, message, signature }) => {
    const sizes = [number.get(key), HASHES.indexOf(hash), signature.length, message.length];
    return [uint32(...sizes), signature, message];
  });
  return Buffer.concat([uint32(head.length, checks.length), head, ...parts]);
}

export function unpackChecks(bytes) {
  const at = 8 + bytes.readUInt32BE(0);
  const jwks = JSON.parse(bytes.toString("utf8", 8, at));
  const keys = jwks.map((key) => createPublicKey({ key, format: "jwk" }));
  const checks = [];
  for (let offset = at; offset < bytes.length;) {
    const [key, hash, signature, message] = [0, 4, 8, 12].map((skip) => bytes.readUInt32BE(offset + skip));
    const middle = offset + HEAD + signature;
    checks.push({
      key: keys[key],
      hash: HASHES[hash],
      signature: bytes.subarray(offset + HEAD, middle),
      message: bytes.subarray(middle, middle + message),
    });
    offset = middle + message;
  }
  return checks;
}

function uint32(...values) {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}
