/** Keys as other tools list them: .pub files, authorized_keys, allowed_signers, keyrings. */
import { latin1 } from "../encoding/bytes.ts";
import { encodeBase64 } from "../encoding/base64.ts";
import { formatTime } from "../encoding/time.ts";
import { KeyError } from "../errors.ts";
import type { Bytes, Fingerprint, Seconds } from "../model.ts";
import { readCertificate } from "../signature/openpgp/certificate.ts";
import { looksLikeKeyring, splitKeyring } from "../signature/openpgp/keyring.ts";
import { parseSshPublicKey, PRIVATE_KEY } from "../signature/ssh/key.ts";

/** A key somebody offers, with what its text claims about it. Claims are the writer's word. */
export interface OfferedKey {
  readonly format: "openpgp" | "ssh" | "sshCa";
  /** An armored certificate, or `type base64`. */
  readonly text: string;
  readonly fingerprint: Fingerprint;
  readonly comment: string;
  readonly emails: readonly string[];
  readonly name: string | null;
  /** Fields of the policy's key entry that the list gives, as the policy writes them. */
  readonly limits: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * Every key in a text. Lines that are blank or comments are passed over; any other line must hold a key.
 *
 * @throws KeyError naming the first line that does not
 */
export function readKeyList(bytes: Bytes): readonly OfferedKey[] {
  if (looksLikeKeyring(bytes)) return splitKeyring(bytes).map(offerCertificate);
  const text = latin1(bytes);
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text)) {
    throw new KeyError(PRIVATE_KEY);
  }
  return text.split("\n").flatMap((line, index) => {
    const trimmed = line.replace(/\r$/, "").trim();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    try {
      return [offerLine(trimmed)];
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      throw new KeyError(`line ${String(index + 1)}: ${error.message}`, { cause: error });
    }
  });
}

/** gpg takes no longer one (parse-packet.c, `MAX_UID_PACKET_LENGTH`), and the pattern takes the square of its length. */
const LONGEST_USER_ID = 2048;

function offerCertificate(armored: string): OfferedKey {
  const { fingerprint, userIds } = readCertificate(Buffer.from(armored));
  const people = userIds
    .filter((id) => id.length <= LONGEST_USER_ID)
    .map((id) => /^(.*?)\s*(?:\([^()]*\)\s*)?<([^<>\s]+@[^<>\s]+)>$/.exec(decoded(id)));
  return {
    format: "openpgp",
    text: armored,
    fingerprint,
    comment: "",
    emails: [...new Set(people.flatMap((person) => person?.[2] ?? []))],
    name: people.find((person) => (person?.[1] ?? "") !== "")?.[1] ?? null,
    limits: {},
  };
}

/** User IDs are UTF-8 by RFC 9580 §5.11. */
const decoded = (userId: string): string => Buffer.from(userId, "latin1").toString("utf8");

/** sshd(8), AUTHORIZED_KEYS FILE FORMAT; ssh-keygen(1), ALLOWED SIGNERS. */
function offerLine(line: string): OfferedKey {
  const words = splitWords(line);
  const at = words.findIndex((word) => /^(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w.@-]+$/.test(word));
  if (at === -1 || at > 2) throw new KeyError("there is no SSH public key in it");
  const [first = "", second = ""] = words;
  // Options stand first in authorized_keys; in allowed_signers the names do.
  const isAuthorized =
    at === 1 && /^(?:[a-z0-9-]+(?:="[^"]*")?)(?:,[a-z0-9-]+(?:="[^"]*")?)*$/i.test(first) && !first.includes("@");
  const names = at === 0 || isAuthorized ? [] : unquoted(first).split(",");
  const options = at === 2 ? second : isAuthorized ? first : "";
  const key = parseSshPublicKey(words.slice(at, at + 2).join(" "));
  const isCa = hasOption(options, "cert-authority");
  const plain = names.filter((name) => /^[^*?!\s<>]+@[^*?!\s<>]+$/.test(name));
  return {
    format: isCa ? "sshCa" : "ssh",
    text: `${key.type} ${encodeBase64(key.blob)}`,
    fingerprint: key.fingerprint,
    comment: words.slice(at + 2).join(" "),
    emails: plain,
    name: null,
    limits: isAuthorized ? {} : limitsOf(options, isCa ? plain : []),
  };
}

function limitsOf(options: string, names: readonly string[]): OfferedKey["limits"] {
  const namespaces = optionOf(options, "namespaces");
  const from = optionOf(options, "valid-after");
  const until = optionOf(options, "valid-before");
  const listed = namespaces?.split(",") ?? [];
  return {
    ...(listed.length === 0 || listed.join() === "git" ? {} : { namespaces: listed }),
    ...(names.length === 0 ? {} : { principals: names }),
    ...(from === null ? {} : { from: formatTime(signersTime(from)) }),
    ...(until === null ? {} : { until: formatTime(signersTime(until) + 1) }),
  };
}

const hasOption = (options: string, name: string): boolean =>
  new RegExp(`(?:^|,)${name}(?:,|$)`, "i").test(options.replace(/"[^"]*"/g, '""'));

const optionOf = (options: string, name: string): string | null =>
  new RegExp(`(?:^|,)${name}="([^"]*)"`, "i").exec(options)?.[1] ?? null;

/** `YYYYMMDD[HHMM[SS]][Z]`, in the zone of this machine unless it ends in Z (ssh-keygen(1)). */
function signersTime(text: string): Seconds {
  const [, year, month, day, hour = "0", minute = "0", second = "0", zone] =
    /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z)?$/.exec(text) ?? [];
  if (year === undefined) throw new KeyError(`'${text}' is no time of an allowed_signers file`);
  const parts = [Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)] as const;
  return (zone === undefined ? new Date(...parts).getTime() : Date.UTC(...parts)) / 1000;
}

/** At blanks outside quotes, which stay where they are. */
const splitWords = (line: string): readonly string[] => line.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
const unquoted = (word: string): string => word.replaceAll('"', "");
