import { basename, posix } from "node:path";
import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import { KeyError, ParseError, PolicyError, type PolicyIssue } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { keepAnswer, policyMemory, recallAnswer } from "../io/kept-answer.ts";
import { resolveChecked, type CheckedPolicy } from "../policy/checked.ts";
import type { PolicyReading } from "../policy/parse.ts";
import type { Exemption, KeyEntry } from "../policy/policy.ts";
import { createAnchors, type AnchorEntry } from "../signature/anchors.ts";
import { readCertificate } from "../signature/openpgp/certificate.ts";
import { parseSshPublicKey } from "../signature/ssh/key.ts";
import { fingerprintOf } from "./key-select.ts";
import type { LoadedKey, LoadedPolicy, PolicySource } from "./policy-source.ts";

/** Who changes the repository would choose what its history must prove. */
const rootOfItsOwn = (file: string): PolicyIssue => ({
  file,
  line: null,
  path: "$.trust.root",
  message: "a repository names no trust root for itself",
  expected: "no `root`; an administrator's file may name one, or git config signpolicy.trustRoot OID",
});

/**
 * Reads a policy and every key it names. Returned, it is ready to judge: the file passed every check, each key file held
 * exactly one key, and no key stands twice.
 *
 * @param memory - the git directory in which the last policy that passed is kept, so that the same bytes need not be
 *   checked again; null to check them whatever is kept
 * @throws PolicyError with every mistake found, in the file and in the keys it names
 */
export async function loadPolicy(source: PolicySource, memory: string | null = null): Promise<LoadedPolicy> {
  const known = memory === null ? null : recallAnswer(policyMemory(memory));
  const { bytes, file, member } = await source.readPolicy((found) => known?.question === questionOf(found));
  const question = questionOf(bytes, member);
  const recalled = known?.question === question;
  const reading = recalled ? recall(known.answer as CheckedPolicy) : await examine(bytes, file, member);
  const { policy, keys: owned, issues } = reading;
  const keys = new KeyReader(source, file);
  for (const { principal, entry } of owned) await keys.read(principal, entry);
  if (policy !== null) {
    keys.checkRescues(policy.exempt);
    if (policy.trustRoot !== null && source.administrators !== true) keys.issues.push(rootOfItsOwn(file));
  }
  if (policy === null || keys.issues.length > 0) {
    const { invalidPolicy } = await import("../policy/parse.ts");
    throw invalidPolicy(
      file,
      [...issues, ...keys.issues].sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
      // Nothing else is wrong with it.
      issues.length === 0 && keys.tooLarge === keys.issues.length ? "ERR_POLICY_TOO_LARGE" : "ERR_POLICY_INVALID",
    );
  }
  if (memory !== null && !recalled) keepAnswer(policyMemory(memory), { question, answer: reading.checked });
  const folder = posix.dirname(file);
  const digest = digestOf(bytes, keys.files);
  return {
    policy,
    anchors: createAnchors(
      keys.loaded.map(({ anchor }) => anchor),
      policy.algorithms,
    ),
    digestNow: async () => {
      const now = await source.readPolicy((found) => Buffer.compare(found, bytes) === 0);
      return digestOf(now.bytes, await readFiles(source, [...keys.files.keys()]));
    },
    keys: keys.loaded,
    content: member === undefined ? digest : digestOf(Buffer.from(JSON.stringify(policy.written)), keys.files),
    origin: { source: source.label(file), digest, serial: policy.serial },
    files: [file, ...[...keys.files.keys()].map((path) => posix.join(folder, path))],
  };
}

/** What checks a policy loads only where there is one to check: it takes longer than judging a commit. */
async function examine(bytes: Bytes, file: string, member: "signpolicy" | undefined): Promise<PolicyReading> {
  const { examinePolicy } = await import("../policy/parse.ts");
  return examinePolicy(bytes, file, member);
}

const recall = (checked: CheckedPolicy): PolicyReading => ({ ...resolveChecked(checked), issues: [], checked });

/** The file of the bundle that this is in: its name holds a digest of all that it loads, what checks a policy included. */
const PROGRAM = `${SIGNPOLICY_VERSION} ${basename(import.meta.filename)}`;

const questionOf = (bytes: Bytes, member?: string): string =>
  toHex(digestBytes("sha256", Buffer.from(`${PROGRAM}\n${member ?? ""}\n`), bytes));

async function readFiles(source: PolicySource, paths: readonly string[]): Promise<ReadonlyMap<string, Bytes>> {
  const files = new Map<string, Bytes>();
  for (const path of paths) files.set(path, await source.readKey(path));
  return files;
}

/** Over the policy and its key files in a fixed order, each with its name and length, so that no two sets look alike. */
function digestOf(policy: Bytes, files: ReadonlyMap<string, Bytes>): string {
  const part = (name: string, bytes: Bytes): readonly Bytes[] => [
    Buffer.from(`${Buffer.byteLength(name)} ${name} ${bytes.length}\n`),
    bytes,
  ];
  const others = [...files.keys()].sort().flatMap((name) => part(name, files.get(name) ?? new Uint8Array()));
  return `sha256:${toHex(digestBytes("sha256", ...part("", policy), ...others))}`;
}

class KeyReader {
  readonly loaded: LoadedKey[] = [];
  readonly issues: PolicyIssue[] = [];
  /** How many of the issues say so. */
  tooLarge = 0;
  readonly files = new Map<string, Bytes>();
  readonly #seen = new Map<string, string>();
  readonly #source: PolicySource;
  readonly #file: string;

  constructor(source: PolicySource, file: string) {
    this.#source = source;
    this.#file = file;
  }

  async read(principal: string, entry: KeyEntry): Promise<void> {
    try {
      const bytes = await this.#bytes(entry);
      const anchor = anchorOf(principal, entry, bytes);
      this.#claim(anchor, entry);
      this.loaded.push({ principal, entry, anchor, bytes });
    } catch (error) {
      if (!(error instanceof KeyError || error instanceof ParseError || error instanceof PolicyError)) throw error;
      if (error.code === "ERR_POLICY_TOO_LARGE" || error.code === "ERR_KEY_TOO_LARGE") this.tooLarge += 1;
      this.#complain(entry, error.message);
    }
  }

  /** One key never counts for two principals, nor twice with different windows for one. */
  #claim(anchor: AnchorEntry, { place }: KeyEntry): void {
    const { marks, clashes } = claimsOf(anchor);
    for (const name of clashes) {
      const other = this.#seen.get(name);
      if (other !== undefined) throw new KeyError(`the key ${name} stands at ${other} already`);
    }
    for (const name of marks) this.#seen.set(name, place.path);
  }

  /**
   * An exemption for a key that nobody has marked would forgive a compromise before anybody knows of it: a thief could leave
   * one behind.
   */
  checkRescues(exemptions: readonly Exemption[]): void {
    for (const [index, { key }] of exemptions.entries()) {
      if (key === null) continue;
      const named = this.loaded.filter((one) => fingerprintOf(one) === key);
      if (named.some(isClosed)) continue;
      const message =
        named.length === 0 ? `the policy holds no key ${key}` : `${key} is neither marked as compromised nor revoked`;
      const path = `$.trust.exempt[${index}].key`;
      const expected = "the fingerprint of a key that is compromised or revoked";
      this.issues.push({ file: this.#file, line: null, path, message, expected });
    }
  }

  async #bytes({ source }: KeyEntry): Promise<Bytes> {
    if (source.kind === "text") return Buffer.from(source.text, "utf8");
    const known = this.files.get(source.path);
    if (known !== undefined) return known;
    const bytes = await this.#source.readKey(source.path);
    this.files.set(source.path, bytes);
    return bytes;
  }

  #complain({ format, place }: KeyEntry, message: string): void {
    this.issues.push({ file: this.#file, line: place.line, path: place.path, message, expected: EXPECTED[format] });
  }
}

const isClosed = ({ anchor }: LoadedKey): boolean =>
  anchor.window.compromised !== undefined || (anchor.kind === "openpgp" && anchor.certificate.revocations.length > 0);

const EXPECTED: Readonly<Record<KeyEntry["format"], string>> = {
  openpgp: "one OpenPGP certificate, armored or binary, without secret keys",
  ssh: "one SSH public key: `type base64 [comment]`",
  sshCa: "one SSH public key of a certificate authority: `type base64 [comment]`",
};

function anchorOf(principal: string, entry: KeyEntry, bytes: Bytes): AnchorEntry {
  const { window, namespaces } = entry;
  if (entry.format === "openpgp") return { kind: "openpgp", certificate: readCertificate(bytes), principal, window };
  const key = parseSshPublicKey(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1").trim());
  if (entry.format === "ssh") return { kind: "ssh", key, principal, window, namespaces };
  return { kind: "sshCa", key, principal, window, namespaces, principals: entry.principals };
}

/** What an entry leaves for later ones to find, and what it must not find of earlier ones. */
function claimsOf(anchor: AnchorEntry): { readonly marks: readonly string[]; readonly clashes: readonly string[] } {
  if (anchor.kind === "openpgp") {
    // A signature is credited by the key that made it: a subkey in two certificates would be two people's.
    const names = [...new Set(anchor.certificate.keys.map((key) => key.fingerprint))];
    return { marks: names, clashes: names };
  }
  const { fingerprint } = anchor.key;
  const asCa = `${fingerprint} (a CA)`;
  if (anchor.kind === "ssh") return { marks: [fingerprint], clashes: [fingerprint, asCa] };
  // One CA certifies a whole team: it may stand at every member, each time for other names.
  const named = anchor.principals.map((name) => `${fingerprint} (a CA, for ${name})`);
  return { marks: [asCa, ...named], clashes: [fingerprint, ...named] };
}
