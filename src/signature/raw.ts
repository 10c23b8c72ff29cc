/** The one place where signatures meet the platform's verifier: is this number what that key makes of those bytes? */
import { verify } from "node:crypto";
import type { KeyObject, VerifyKeyObjectInput } from "node:crypto";
import type { Bytes } from "../model.ts";

/** One question to node:crypto, everything decoded and in range. Nothing in it says whether the key may sign. */
export interface RawCheck {
  readonly key: KeyObject;
  /** node:crypto's name of the hash over `message`; null for EdDSA, which has its own. */
  readonly hash: string | null;
  readonly message: Bytes;
  /** Of the key's full length; ECDSA: r and s side by side (IEEE P1363). */
  readonly signature: Bytes;
}

/** Answers many questions at once, somewhere. False for whatever OpenSSL cannot even try. */
export type RawVerifier = (check: RawCheck) => Promise<boolean>;

/** ECDSA alone has a say in how its numbers are written. What takes no options is asked without: node looks at each of them, every time. */
const keyWith = (key: KeyObject): KeyObject | VerifyKeyObjectInput =>
  key.asymmetricKeyType === "ec" ? { key, dsaEncoding: "ieee-p1363" } : key;

/** Answers at once, on this thread. */
export function verifyHere({ key, hash, message, signature }: RawCheck): boolean {
  try {
    return verify(hash, message, keyWith(key), signature);
  } catch {
    return false;
  }
}

/** Answers from node's thread pool, so that a few in flight use every core. */
export const verifyInPool: RawVerifier = ({ key, hash, message, signature }) =>
  new Promise((resolve) => {
    verify(hash, message, keyWith(key), signature, (error, good) => {
      resolve(error === null && good);
    });
  });
