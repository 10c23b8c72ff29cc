import { createHash } from "node:crypto";
import type { Bytes } from "../model.ts";
import type { CertificateStatement } from "../policy/policy-diff.ts";
import type { OpenPgpCertificate } from "../signature/openpgp/certificate.ts";
import { examineCertificate, type SelfSignature } from "../signature/openpgp/examine.ts";

/**
 * What a certificate says of itself, by signatures that its own primary key really made: anybody can put another one in,
 * with any date. A user ID's revocation is a statement about it like its certification.
 */
export async function statementsOf(certificate: OpenPgpCertificate): Promise<readonly CertificateStatement[]> {
  const { direct, users, subkeys } = await examineCertificate(certificate);
  return [
    ...direct.map((one) => statement("key", one)),
    ...users.flatMap(({ certifications, revocations }, at) =>
      [...certifications, ...revocations].map((one) =>
        statement(`user ID ${digestOf(certificate.users[at]?.body ?? new Uint8Array())}`, one),
      ),
    ),
    ...[...subkeys].flatMap(([{ fingerprint }, { bindings }]) =>
      bindings.map((one) => statement(`subkey ${fingerprint}`, one)),
    ),
  ];
}

const statement = (about: string, { signature, created }: SelfSignature): CertificateStatement => ({
  about,
  created,
  digest: digestOf(signature.body),
  passes: signature.facts.lifetime !== null,
  ends: signature.facts.lifetime !== null || signature.facts.keyLifetime !== null,
});

export const digestOf = (bytes: Bytes): string => createHash("sha256").update(bytes).digest("hex");
