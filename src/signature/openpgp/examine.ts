/** Which signatures in a certificate are real: all its cryptography, done once. Clocks and policy come later. */
import type { Bytes } from "../../model.ts";
import { namesMaker, readEmbedded } from "./certificate.ts";
import type { OpenPgpCertificate, OpenPgpSubkey } from "./certificate.ts";
import type { OpenPgpKey } from "./key.ts";
import { verifyInPool, type RawVerifier } from "../raw.ts";
import { provesSignature } from "./prove.ts";
import { SIGNATURE_TYPE } from "./signature.ts";
import type { OpenPgpSignature } from "./signature.ts";

/** A self-signature that is real, and its time, which every one has. */
export interface SelfSignature {
  readonly signature: OpenPgpSignature;
  readonly created: number;
}

export interface Revocation {
  readonly created: number;
  /** RFC 9580 §5.2.3.31; null where it gives none. */
  readonly reason: number | null;
}

export interface Binding extends SelfSignature {
  /** Signatures of the subkey over the primary key and itself, of type 0x19. */
  readonly backSignatures: readonly SelfSignature[];
}

export interface Examined {
  readonly direct: readonly SelfSignature[];
  readonly users: readonly {
    readonly certifications: readonly SelfSignature[];
    readonly revocations: readonly SelfSignature[];
  }[];
  readonly revocations: readonly Revocation[];
  /** A revocation by a key that this certificate names as its designated revoker is present; whether it is real is not known. */
  readonly revokedByOther: boolean;
  readonly subkeys: ReadonlyMap<
    OpenPgpKey,
    { readonly bindings: readonly Binding[]; readonly revocations: readonly Revocation[] }
  >;
}

const examined = new WeakMap<OpenPgpCertificate, Promise<Examined>>();

/** Proves the certificate's own signatures, once however often it is asked for. */
export function examineCertificate(
  certificate: OpenPgpCertificate,
  raw: RawVerifier = verifyInPool,
): Promise<Examined> {
  let result = examined.get(certificate);
  if (result === undefined) {
    result = examine(certificate, raw);
    examined.set(certificate, result);
  }
  return result;
}

async function examine(certificate: OpenPgpCertificate, raw: RawVerifier): Promise<Examined> {
  const [primary] = certificate.keys;
  const own = async (signatures: readonly OpenPgpSignature[], ...content: Bytes[]): Promise<SelfSignature[]> =>
    proven(signatures.filter(isUsable), primary, [primary.framed, ...content], raw);
  const revocationsOf = async (type: number, ...content: Bytes[]): Promise<Revocation[]> => {
    const candidates = certificate.revocations.filter(
      (signature) => signature.type === type && (isAnonymous(signature) || namesMaker(signature, primary)),
    );
    const real = await filterProven(candidates, primary, [primary.framed, ...content], raw);
    // Whatever else is odd about it, a revocation that its owner made counts: the strict side.
    return real.map(({ facts }) => ({ created: facts.created ?? 0, reason: facts.revocationReason }));
  };

  const direct = await own(certificate.direct);
  const users = await Promise.all(
    certificate.users.map(async ({ body, signatures }) => {
      const real = await own(signatures, framedUserId(body));
      const isRevocation = ({ signature }: SelfSignature): boolean =>
        signature.type === SIGNATURE_TYPE.certificationRevocation;
      return {
        certifications: real.filter((signature) => !isRevocation(signature)),
        revocations: real.filter(isRevocation),
      };
    }),
  );
  const subkeys = await Promise.all(
    certificate.subkeys.map(async ({ key, bindings }: OpenPgpSubkey) => {
      const real = await own(bindings, key.framed);
      return [
        key,
        {
          bindings: await Promise.all(
            real.map(async (binding) => ({
              ...binding,
              backSignatures: await backSignatures(binding.signature, primary, key, raw),
            })),
          ),
          revocations: await revocationsOf(SIGNATURE_TYPE.subkeyRevocation, key.framed),
        },
      ] as const;
    }),
  );
  const all = [...direct, ...users.flatMap(({ certifications }) => certifications)];
  return {
    direct,
    users,
    revocations: await revocationsOf(SIGNATURE_TYPE.keyRevocation),
    revokedByOther: namesDesignatedRevoker(certificate, all),
    subkeys: new Map(subkeys),
  };
}

/**
 * RFC 9580 §10.1.5, attack 25: without it anyone could adopt a stranger's signing subkey and with it everything it
 * signed. OpenPGP.js does not compare the type (attack 77).
 */
async function backSignatures(
  binding: OpenPgpSignature,
  primary: OpenPgpKey,
  subkey: OpenPgpKey,
  raw: RawVerifier,
): Promise<SelfSignature[]> {
  const embedded = readEmbedded(binding).filter(({ type }) => type === SIGNATURE_TYPE.primaryKeyBinding);
  return proven(embedded.filter(isUsable), subkey, [primary.framed, subkey.framed], raw);
}

async function proven(
  signatures: readonly OpenPgpSignature[],
  maker: OpenPgpKey,
  content: readonly Bytes[],
  raw: RawVerifier,
): Promise<SelfSignature[]> {
  const real = await filterProven(signatures, maker, content, raw);
  return real.flatMap((signature) => {
    const { created } = signature.facts;
    // gpg too takes no signature that is older than its key.
    return created === null || created < maker.created ? [] : [{ signature, created }];
  });
}

async function filterProven(
  signatures: readonly OpenPgpSignature[],
  maker: OpenPgpKey,
  content: readonly Bytes[],
  raw: RawVerifier,
): Promise<OpenPgpSignature[]> {
  const results = await Promise.all(
    signatures.map(async (signature) => provesSignature(maker, signature, content, raw)),
  );
  return signatures.filter((_, index) => results[index]);
}

/** RFC 9580 §5.2.3.7: a critical subpacket that we do not understand voids the signature. */
const isUsable = ({ facts }: OpenPgpSignature): boolean => facts.notUnderstood === null;

const isAnonymous = ({ issuers }: OpenPgpSignature): boolean =>
  issuers.keyIds.length === 0 && issuers.fingerprints.length === 0;

/** RFC 9580 §5.2.4. */
function framedUserId(body: Bytes): Bytes {
  const framed = Buffer.alloc(5 + body.length);
  framed[0] = 0xb4;
  framed.writeUInt32BE(body.length, 1);
  framed.set(body, 5);
  return framed;
}

/**
 * Attack 32: gpg honours designated revokers, OpenPGP.js ignores them. The revoker's key is not part of the certificate,
 * so the revocation cannot be proven here; a certificate that carries one is refused, the strict side.
 */
function namesDesignatedRevoker({ revocations }: OpenPgpCertificate, self: readonly SelfSignature[]): boolean {
  const revokers = new Set(self.flatMap(({ signature }) => signature.facts.revokers));
  if (revokers.size === 0) return false;
  const ids = new Set([...revokers].flatMap((fingerprint) => [fingerprint.slice(-16), fingerprint.slice(0, 16)]));
  return revocations.some(
    ({ issuers }) =>
      issuers.keyIds.some((keyId) => ids.has(keyId)) ||
      issuers.fingerprints.some(({ fingerprint }) => revokers.has(fingerprint)),
  );
}
