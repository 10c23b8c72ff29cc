// An SSH signer for the bench's repositories: Ed25519 from a seed, SSHSIG armor as ssh-keygen -Y sign writes it.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";

/** RFC 8410 §7: what stands before the 32 bytes of an Ed25519 private key. */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const KEY_TYPE = "ssh-ed25519";

/**
 * `sign(payload)` gives what `ssh-keygen -Y sign -n git` would hand to git, and the raw check behind it; `privateKeyFile()` is
 * the key as OpenSSH keeps one, without a passphrase.
 */
export function createSshSigner({ seed }) {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, createHash("sha256").update(seed).digest()]),
    format: "der",
    type: "pkcs8",
  });
  const publicKey = createPublicKey(privateKey);
  const point = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const blob = Buffer.concat([string(KEY_TYPE), string(point)]);
  return {
    format: "ssh",
    line: `${KEY_TYPE} ${blob.toString("base64")}`,
    publicKey,
    privateKeyFile: () =>
      openSshPrivateKey(blob, point, privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32)),
    sign(payload) {
      const digest = createHash("sha512").update(payload).digest();
      const common = [string("git"), string(""), string("sha512")];
      const message = Buffer.concat([MAGIC, ...common, string(digest)]);
      const signature = sign(null, message, privateKey);
      const wrapped = string(Buffer.concat([string(KEY_TYPE), string(signature)]));
      const armored = armor(Buffer.concat([MAGIC, Buffer.of(0, 0, 0, 1), string(blob), ...common, wrapped]));
      return { armored, check: { hash: null, message, signature } };
    },
  };
}

/** PROTOCOL.sshsig: the preamble of the signature and of what is signed. */
const MAGIC = Buffer.from("SSHSIG");

function string(value) {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** OpenSSH's PROTOCOL.key: one unencrypted key. The check number stands twice, so that a wrong passphrase shows. */
function openSshPrivateKey(blob, point, secret) {
  const check = Buffer.alloc(8);
  const key = [string(KEY_TYPE), string(point), string(Buffer.concat([secret, point])), string("")];
  const unpadded = Buffer.concat([check, ...key]);
  const padding = Buffer.from(Array.from({ length: -unpadded.length & 7 }, (_, n) => n + 1));
  const head = [Buffer.from("openssh-key-v1\0"), string("none"), string("none"), string(""), Buffer.of(0, 0, 0, 1)];
  return pem("OPENSSH PRIVATE KEY", Buffer.concat([...head, string(blob), string(Buffer.concat([unpadded, padding]))]));
}

const armor = (bytes) => pem("SSH SIGNATURE", bytes);

function pem(label, bytes) {
  const lines = bytes.toString("base64").match(/.{1,70}/g);
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
