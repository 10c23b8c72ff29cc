import type { Seconds } from "../../model.ts";
import { readEmbedded, type OpenPgpCertificate, type OpenPgpKey } from "./certificate.ts";
import type { OpenPgpSignature } from "./signature.ts";

/**
 * Every moment at which a clock that passes it may make something else of the certificate: a key or a self-signature begins
 * or expires. Nothing is proven: what a forged self-signature says is among them.
 */
export function momentsOf({ keys, users, subkeys, direct, revocations }: OpenPgpCertificate): readonly Seconds[] {
  const [primary] = keys;
  const own = [...direct, ...revocations, ...users.flatMap(({ signatures }) => signatures)];
  return [
    ...keys.map(({ created }) => created),
    ...own.flatMap((signature) => momentsIn(signature, primary)),
    ...subkeys.flatMap(({ key, bindings }) => bindings.flatMap((binding) => momentsInBinding(binding, key))),
  ];
}

const momentsInBinding = (binding: OpenPgpSignature, key: OpenPgpKey): readonly Seconds[] =>
  [binding, ...readEmbedded(binding)].flatMap((signature) => momentsIn(signature, key));

function momentsIn(
  { facts: { created, lifetime, keyLifetime } }: OpenPgpSignature,
  key: OpenPgpKey,
): readonly Seconds[] {
  const from = created ?? 0;
  return [
    from,
    ...(lifetime === null ? [] : [from + lifetime]),
    ...(keyLifetime === null ? [] : [key.created + keyLifetime]),
  ];
}
