/** Everything that reads bytes which a stranger may have written, for properties that hold for each. */
import { readKeyList } from "../../src/check/key-list.ts";
import { addMarkedLines, findMarkedLines, removeMarkedLines } from "../../src/check/marked-lines.ts";
import { dependenciesOf, readPrepare, removePrepare, writePrepare } from "../../src/check/package-json.ts";
import { parsePending } from "../../src/check/pending.ts";
import { parsePushInput, parseReceiveInput } from "../../src/check/push-input.ts";
import type { RefUpdate } from "../../src/check/push-input.ts";
import { servicePaths } from "../../src/check/push-nonce.ts";
import { readSegment, stateOf } from "../../src/check/record-chain.ts";
import { parseServerHook } from "../../src/check/server-hook.ts";
import { classifySignerFailure } from "../../src/check/signer-failure.ts";
import { decodeArmor, encodeArmor } from "../../src/encoding/armor.ts";
import { concatBytes, fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import { formatTime } from "../../src/encoding/time.ts";
import { GitError, KeyError, ParseError, SignpolicyError } from "../../src/errors.ts";
import { parseConfigList } from "../../src/io/config.ts";
import { parseIdentity, parseVariables } from "../../src/io/commit-context.ts";
import type { Bytes, HashAlgorithm, ObjectId, RefName } from "../../src/model.ts";
import { foldPath } from "../../src/policy/path-folding.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import { readKey } from "../../src/signature/openpgp/key.ts";
import { splitKeyring } from "../../src/signature/openpgp/keyring.ts";
import { splitPackets } from "../../src/signature/openpgp/packets.ts";
import { readSignature } from "../../src/signature/openpgp/signature.ts";
import { readSshCertificate } from "../../src/signature/ssh/certificate.ts";
import { parseSshPublicKey, readSshPublicKey } from "../../src/signature/ssh/key.ts";
import { readRevocationList } from "../../src/signature/ssh/revocation-list.ts";
import { readSshSig } from "../../src/signature/ssh/sshsig.ts";
import { parseApproval, renderStatement } from "../../src/subject/approval.ts";
import { parseEnvelope, preAuthentication, renderEnvelope } from "../../src/subject/dsse.ts";
import { parsePushCertificate } from "../../src/subject/push-certificate.ts";
import type { PushCertificate } from "../../src/subject/push-certificate.ts";
import { parseRecordWitness } from "../../src/subject/record-witness.ts";
import type { RecordWitness } from "../../src/subject/record-witness.ts";
import { joinCommit, joinTag, splitCommit, splitTag } from "../../src/subject/split.ts";
import { parseTree } from "../../src/subject/tree.ts";
import { parseSample, readObjectVectors } from "./object-samples.ts";
import { OID } from "./objects.ts";
import * as pgp from "./openpgp.ts";
import { fileOf } from "./record.ts";
import * as ssh from "./ssh.ts";

export interface HostileReader {
  readonly name: string;
  /** Answers, or throws one of `refuses`. */
  readonly read: (bytes: Bytes) => unknown;
  readonly refuses: readonly (abstract new (...args: never) => Error)[];
  /** What it was made to read. */
  readonly seeds: readonly Bytes[];
  /** What it gave, written again: the very bytes that it read, since two texts that read alike are one too many. */
  readonly again?: (bytes: Bytes) => Bytes;
}

const text = (read: (text: string) => unknown) => (bytes: Bytes) => read(latin1(bytes));
const vectors = readObjectVectors();
const of = (kind: "commit" | "tag" | "push", algorithm: HashAlgorithm = "sha1"): readonly Bytes[] =>
  vectors.filter((vector) => vector.kind === kind && vector.algorithm === algorithm).map(({ raw }) => raw);
const signatures = vectors.map((vector) => parseSample(vector, vector.raw).signatures[0]?.bytes ?? new Uint8Array());
const isSsh = (armored: Bytes): boolean => latin1(armored).startsWith("-----BEGIN SSH");
const blobs = signatures.filter(isSsh).map((armored) => decodeArmor(armored, "SSH SIGNATURE"));
const packets = signatures.filter((armored) => !isSsh(armored)).map((armored) => decodeArmor(armored, "PGP SIGNATURE"));

// ── git's own lines ─────────────────────────────────────────────────────────────────────────────────────────────

const ZERO = "0".repeat(40);
const TWO = "2".repeat(40);
const lineOf = ({ old, new: to, ref }: RefUpdate): string => `${old ?? ZERO} ${to ?? ZERO} ${ref}\n`;
/** Of two lengths a null does not tell which it was. */
const zerosLike = (bytes: Bytes, text: string): string =>
  /^[0-9a-f]{64} /.test(latin1(bytes)) ? text.replaceAll(/(?<![0-9a-f])0{40}(?![0-9a-f])/g, "0".repeat(64)) : text;

function renderCertificate({ pusher, at, pushee, nonce, options, updates, payload }: PushCertificate): Bytes {
  // Blanks before the date and the zone are not kept.
  const [, blanks = " ", zone = "+0000"] = /^pusher .*?( +)[0-9]+ ([+-][0-9]{4})$/m.exec(latin1(payload)) ?? [];
  const lines = [
    "certificate version 0.1",
    `pusher ${pusher}${blanks}${String(at)} ${zone}`,
    ...(pushee === null ? [] : [`pushee ${pushee}`]),
    ...(nonce === null ? [] : [`nonce ${nonce}`]),
    ...options.map((option) => `push-option ${option}`),
    "",
    ...updates.map((update) => lineOf(update).trimEnd()),
    "",
  ];
  return fromLatin1(lines.join("\n"));
}

// ── records ─────────────────────────────────────────────────────────────────────────────────────────────────────

const at = "2026-01-01T00:00:00Z";
const main = "refs/heads/main" as RefName;
const record = fileOf(
  { kind: "begin", v: 2, id: "one", at, roots: [OID] },
  { kind: "met", at, rule: "main", refs: [main], scope: "rule", tips: { [main]: OID } },
  { kind: "push", at, by: { via: null, name: "a", uid: 1 }, policy: null, certificate: null },
  { kind: "landed", at, ref: main, old: OID, new: TWO as ObjectId, rules: ["main"], forward: true, warned: [] },
  { kind: "baseline", at, lost: 3, refs: { [main]: OID } },
);

const witness = fromLatin1(
  `signpolicy record witness 1\nrecord 01\nroot ${OID}\nhead 7 ${"ab".repeat(32)}\nuntil ${at}\n\n${at} ${OID}\n`,
);

function renderWitness({ id, roots, head, until, arrivals }: RecordWitness): Bytes {
  return fromLatin1(
    [
      "signpolicy record witness 1",
      `record ${id}`,
      ...roots.map((root) => `root ${root}`),
      `head ${String(head.seq)} ${head.digest}`,
      `until ${formatTime(until)}`,
      "",
      ...arrivals.map((arrival) => `${formatTime(arrival.at)} ${arrival.oid}`),
      "",
    ].join("\n"),
  );
}

const statement = renderStatement({
  deed: "approve",
  root: OID,
  ref: main,
  commits: [{ tree: TWO as ObjectId, parents: [OID] }],
  at: pgp.SIGNED,
  until: pgp.SIGNED + pgp.DAY,
});
const sshKey = ssh.ed25519Key(Buffer.alloc(32, "a key"));
const ca = ssh.ed25519Key(Buffer.alloc(32, "a CA"));
const envelope = renderEnvelope(statement, "hint", ssh.sshSig(sshKey, preAuthentication(statement)));

const pending = JSON.stringify({ policy: { source: "x", digest: "y", serial: 1 }, met: [], updates: [], signed: null });

// ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────

const pgpKey = pgp.ed25519Key({ seed: 5 });
const certificates = [
  pgp.withSubkey(pgp.ed25519Key({ seed: 6 }), pgpKey),
  pgp.simpleCertificate(pgp.ed25519Key({ seed: 7, version: 6 })),
  ...vectors.flatMap(({ certificate }) => (certificate === null ? [] : [certificate])),
];
const lists = [
  `# people\n${sshKey.line} alice@laptop\n`,
  `alice@example.org,b@c namespaces="git,file",valid-after="20260101",valid-before="20270101Z" ${sshKey.line}\n`,
  `*@example.org cert-authority,principals="x" ${ca.line}\n`,
  `command="echo \\"hi\\"",no-pty,from="10.0.0.1" ${sshKey.line}\r\n\n`,
].map(fromLatin1);

const serials = ssh.strings(Buffer.from("0000000000000001", "hex"));
const ofCertificates = concatBytes(ssh.strings(ca.blob), ssh.strings(fromLatin1("")), Buffer.of(0x20), serials);
const revocations = [
  fromLatin1(`# stolen\n${sshKey.line} bob\nSHA256:${"A".repeat(43)}\r\n\nkey: ${ca.line}\n`),
  concatBytes(
    Buffer.from("5353484b524c0a00" + "00000001" + "0".repeat(48) + "0".repeat(16), "hex"),
    ...[ofCertificates, ssh.strings(sshKey.blob), ssh.strings(Buffer.alloc(20, 1))].flatMap((section, index) => [
      Buffer.of(index + 1),
      ssh.strings(section),
    ]),
  ),
];

const tree = concatBytes(fromLatin1("100644 a\0"), Buffer.alloc(20, 1), fromLatin1("40000 b\0"), Buffer.alloc(20, 2));

/** Bits above those of a kind are nobody's (stat(2), S_IFMT). */
const kindOf = (mode: string): number => parseInt(mode, 8) & 0o170000;

function renderTree(bytes: Bytes): Bytes {
  let at = 0;
  return concatBytes(
    ...[...parseTree(bytes, "sha1")].map(([name, { mode, oid }]) => {
      // A mode is read as git reads it, so its digits are taken as they stand where they say the same.
      const digits = latin1(bytes.subarray(at, bytes.indexOf(0x20, at)));
      const written = kindOf(digits) === kindOf(mode) ? digits : mode;
      const entry = concatBytes(fromLatin1(`${written} ${name}\0`), Buffer.from(oid, "hex"));
      at += entry.length;
      return entry;
    }),
  );
}

const packageText =
  '{\r\n  "name": "x",\r\n  "scripts": { "prepare": "husky", "test": "a\\"b" },\r\n  "devDependencies": {}\r\n}';
const hookText = "#!/bin/sh\n# >>> signpolicy >>>\nours\n# <<< signpolicy <<<\ntheirs\n";

export const READERS: readonly HostileReader[] = [
  ...(["sha1", "sha256"] as const).flatMap((algorithm): readonly HostileReader[] => [
    {
      name: `a commit of ${algorithm}`,
      read: (raw) => parseSample({ kind: "commit", algorithm }, raw),
      refuses: [ParseError],
      seeds: of("commit", algorithm),
    },
    {
      name: `a tag of ${algorithm}`,
      read: (raw) => parseSample({ kind: "tag", algorithm }, raw),
      refuses: [ParseError],
      seeds: of("tag", algorithm),
    },
  ]),
  {
    name: "a commit taken apart",
    read: (raw) => splitCommit(raw, "sha1"),
    refuses: [],
    seeds: of("commit"),
    again: (raw) => joinCommit(splitCommit(raw, "sha1")),
  },
  { name: "a tag taken apart", read: splitTag, refuses: [], seeds: of("tag"), again: (raw) => joinTag(splitTag(raw)) },
  {
    name: "a push certificate",
    read: (raw) => parsePushCertificate(raw, "sha1"),
    refuses: [ParseError],
    seeds: of("push"),
    again: (raw) => {
      const certificate = parsePushCertificate(raw, "sha1");
      return concatBytes(renderCertificate(certificate), ...certificate.signatures.map(({ bytes }) => bytes));
    },
  },
  {
    name: "the input of pre-receive",
    read: parseReceiveInput,
    refuses: [ParseError],
    seeds: [
      `${ZERO} ${OID} refs/heads/main\n${OID} ${ZERO} refs/tags/v1\n`,
      `${"0".repeat(64)} ${"1".repeat(64)} refs/heads/main\n`,
      `${OID} ${TWO} HEAD\n`,
    ].map(fromLatin1),
    again: (bytes) => fromLatin1(zerosLike(bytes, parseReceiveInput(bytes).map(lineOf).join(""))),
  },
  {
    name: "the input of pre-push",
    read: parsePushInput,
    refuses: [ParseError],
    seeds: [`(delete) ${ZERO} refs/heads/a ${OID}\nHEAD~1 ${OID} refs/heads/b ${ZERO}\n`].map(fromLatin1),
  },
  { name: "a tree", read: (raw) => parseTree(raw, "sha1"), refuses: [ParseError], seeds: [tree], again: renderTree },
  { name: "an envelope", read: parseEnvelope, refuses: [ParseError], seeds: [envelope] },
  { name: "an approval", read: parseApproval, refuses: [ParseError], seeds: [envelope] },
  {
    name: "a statement without its envelope",
    read: (body) => parseApproval(renderEnvelope(body, "", fromLatin1("x"))),
    refuses: [ParseError],
    seeds: [statement],
    again: (body) => renderStatement(parseApproval(renderEnvelope(body, "", fromLatin1("x")))),
  },
  {
    name: "an exported record",
    read: parseRecordWitness,
    refuses: [ParseError],
    seeds: [witness, concatBytes(witness, ssh.sshSig(sshKey, witness))],
    again: (raw) => {
      const read = parseRecordWitness(raw);
      return concatBytes(renderWitness(read), ...read.signatures.map(({ bytes }) => bytes));
    },
  },
  {
    name: "a receive record",
    read: (bytes) => stateOf(readSegment(bytes, "record")),
    refuses: [SignpolicyError],
    seeds: [fromLatin1(record)],
  },
  { name: "what pre-receive left", read: text(parsePending), refuses: [], seeds: [fromLatin1(pending)] },
  { name: "OpenPGP packets", read: (raw) => splitPackets(raw, "x"), refuses: [ParseError], seeds: packets },
  {
    name: "an OpenPGP signature",
    read: readSignature,
    refuses: [ParseError],
    seeds: packets.flatMap((bytes) => splitPackets(bytes, "x").map(({ body }) => body)),
  },
  {
    name: "an OpenPGP key",
    read: readKey,
    refuses: [ParseError],
    seeds: certificates.flatMap((bytes) => readCertificate(bytes).keys.map(({ body }) => body)),
  },
  { name: "an OpenPGP certificate", read: readCertificate, refuses: [KeyError], seeds: certificates },
  {
    name: "a keyring",
    read: splitKeyring,
    refuses: [KeyError],
    seeds: [
      concatBytes(...certificates),
      Buffer.from(encodeArmor(concatBytes(...certificates), "PGP PUBLIC KEY BLOCK")),
    ],
  },
  { name: "a list of keys", read: readKeyList, refuses: [KeyError], seeds: lists },
  { name: "a list of revoked keys", read: readRevocationList, refuses: [ParseError], seeds: revocations },
  { name: "an SSH signature", read: (raw) => readSshSig(raw, ssh.ALGORITHMS), refuses: [ParseError], seeds: blobs },
  {
    name: "an SSH key",
    read: (raw) => readSshPublicKey(raw),
    refuses: [ParseError],
    seeds: [sshKey.blob, ssh.skEd25519Key("ssh:", Buffer.alloc(32, 3)).blob],
    again: (raw) => readSshPublicKey(raw).blob,
  },
  { name: "an SSH certificate", read: readSshCertificate, refuses: [ParseError], seeds: [ssh.certify(ca, sshKey)] },
  {
    name: "the line of an SSH key",
    read: text(parseSshPublicKey),
    refuses: [KeyError],
    seeds: [fromLatin1(sshKey.line)],
  },
  {
    name: "git's configuration",
    read: (bytes) => parseConfigList(Buffer.from(bytes)),
    refuses: [],
    seeds: [fromLatin1("local\0a.b\nc\0system\0core.bare\0command\0x.y.z\n\n\0")],
  },
  {
    name: "git's variables",
    read: (bytes) => parseVariables(Buffer.from(bytes)),
    refuses: [GitError],
    seeds: [fromLatin1("a.b=c\nx.y\nGIT_COMMITTER_IDENT=A <a@b> 1 +0000\nGIT_AUTHOR_IDENT=B <> 2 -0100\n")],
  },
  { name: "an identity", read: text(parseIdentity), refuses: [GitError], seeds: [fromLatin1("A B <a@b> 1 +0000")] },
  { name: "the path of a tree's entry", read: text(foldPath), refuses: [], seeds: [fromLatin1("a/B.. /c::$DATA\\d")] },
  {
    name: "the URL in a certificate",
    read: text((url) => [...servicePaths({ gitDir: "/srv/git/x.git", pushee: url, shared: false })]),
    refuses: [],
    seeds: ["https://a@b:1/srv/git/x%2egit/", "git@host:x.git", "ssh://h/~u/x", "/srv/git/x.git", "../x//"].map(
      fromLatin1,
    ),
  },
  {
    name: "a package.json",
    read: text((json) => [readPrepare(json), dependenciesOf(json), removePrepare(json), writePrepare(json, "x")]),
    refuses: [SignpolicyError],
    seeds: [fromLatin1(packageText)],
  },
  {
    name: "a hook file with our lines",
    read: text((hook) => [findMarkedLines(hook), removeMarkedLines(hook), addMarkedLines(hook, ["a"])]),
    refuses: [SignpolicyError],
    seeds: [fromLatin1(hookText)],
  },
  {
    name: "a server's hook file",
    read: text(parseServerHook),
    refuses: [],
    seeds: [
      fromLatin1("#!/bin/sh\n# signpolicy server hook\nnode='/a b'\nentry=/c\nif x; then y --then '/d' \"$@\"; fi\n"),
    ],
  },
  {
    name: "what a signing program says",
    read: text((output) =>
      (["openpgp", "ssh"] as const).map((format) =>
        classifySignerFailure({
          format,
          program: "gpg",
          key: "K",
          secret: null,
          status: 2,
          started: true,
          timedOut: false,
          output,
        }),
      ),
    ),
    refuses: [],
    seeds: [fromLatin1("[GNUPG:] FAILURE sign 17\ngpg: signing failed: No secret key\n")],
  },
];
