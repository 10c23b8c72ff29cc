/**
 * Every SSH key type signpolicy knows and what may sign for it, in one table: an entry is resolved once from the type
 * that stands in the key and travels down; nothing else switches on names.
 */

export interface Curve {
  /** The name inside the key blob (RFC 5656 §6.1). */
  readonly identifier: string;
  readonly jwk: string;
  /** Length of one coordinate, and of r and s. */
  readonly bytes: number;
  readonly bits: number;
  /** RFC 5656 §6.2.1 ties the hash to the curve. */
  readonly hash: "sha256" | "sha384" | "sha512";
  readonly order: bigint;
}

/** `signatures`: formats of the signature blob that fit the key, with the hash where the format chooses one. */
interface Common {
  readonly type: string;
  /** Name in reports: `ed25519`, `ecdsa-p256`, `sk-ed25519`, … */
  readonly algorithm: string;
  /** A FIDO authenticator holds the key (PROTOCOL.u2f): signatures carry flags and a counter. */
  readonly hardware: boolean;
  readonly signatures: readonly string[];
}

export type KeyShape =
  | (Common & { readonly family: "ed25519" })
  | (Common & { readonly family: "ecdsa"; readonly curve: Curve })
  | (Common & { readonly family: "rsa" });

const P256: Curve = {
  identifier: "nistp256",
  jwk: "P-256",
  bytes: 32,
  bits: 256,
  hash: "sha256",
  order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
};
const P384: Curve = {
  identifier: "nistp384",
  jwk: "P-384",
  bytes: 48,
  bits: 384,
  hash: "sha384",
  order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
};
const P521: Curve = {
  identifier: "nistp521",
  jwk: "P-521",
  bytes: 66,
  bits: 521,
  hash: "sha512",
  order:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

// Null prototype: a key type such as `constructor` must find nothing.
const SHAPES: Readonly<Record<string, KeyShape>> = Object.assign(Object.create(null) as Record<string, KeyShape>, {
  "ssh-ed25519": shape({ type: "ssh-ed25519", algorithm: "ed25519", family: "ed25519" }),
  "ecdsa-sha2-nistp256": shape({ type: "ecdsa-sha2-nistp256", algorithm: "ecdsa-p256", family: "ecdsa", curve: P256 }),
  "ecdsa-sha2-nistp384": shape({ type: "ecdsa-sha2-nistp384", algorithm: "ecdsa-p384", family: "ecdsa", curve: P384 }),
  "ecdsa-sha2-nistp521": shape({ type: "ecdsa-sha2-nistp521", algorithm: "ecdsa-p521", family: "ecdsa", curve: P521 }),
  // RFC 8332: the key keeps its old name, the signature says which hash. `ssh-rsa` as a signature is SHA-1.
  "ssh-rsa": shape({ type: "ssh-rsa", algorithm: "rsa", family: "rsa", signatures: ["rsa-sha2-256", "rsa-sha2-512"] }),
  "sk-ssh-ed25519@openssh.com": shape({
    type: "sk-ssh-ed25519@openssh.com",
    algorithm: "sk-ed25519",
    family: "ed25519",
    hardware: true,
  }),
  "sk-ecdsa-sha2-nistp256@openssh.com": shape({
    type: "sk-ecdsa-sha2-nistp256@openssh.com",
    algorithm: "sk-ecdsa-p256",
    family: "ecdsa",
    curve: P256,
    hardware: true,
  }),
});

/** The types OpenSSH gives certificates over these keys (PROTOCOL.certkeys, PROTOCOL.u2f), and the type they certify. */
const CERTIFIES: Readonly<Record<string, string>> = Object.assign(
  Object.create(null) as Record<string, string>,
  Object.fromEntries(
    Object.keys(SHAPES).map((type) => [`${type.replace("@openssh.com", "")}-cert-v01@openssh.com`, type]),
  ),
);

type Sketch = Pick<Common, "type" | "algorithm"> &
  Partial<Common> &
  ({ readonly family: "ed25519" } | { readonly family: "ecdsa"; readonly curve: Curve } | { readonly family: "rsa" });

function shape(sketch: Sketch): KeyShape {
  return { hardware: false, signatures: [sketch.type], ...sketch };
}

export function shapeOf(type: string): KeyShape | null {
  return SHAPES[type] ?? null;
}

/** The shape of the key inside a certificate of this type, null where the type is no certificate we know. */
export function certifiedShape(type: string): KeyShape | null {
  const plain = CERTIFIES[type];
  return plain === undefined ? null : shapeOf(plain);
}

export const KEY_TYPES: readonly string[] = Object.keys(SHAPES);

/** DSA keys are 1024 bits with SHA-1 and nothing else (RFC 4253 §6.6); OpenSSH 10 removed them. */
export function isDsa(type: string): boolean {
  return type === "ssh-dss" || type.startsWith("ssh-dss-cert-");
}
