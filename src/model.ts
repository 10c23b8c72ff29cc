/**
 * The types every stage shares; read this file first. It imports nothing.
 *
 * bytes → `Signed` (subject/) → `Evidence` (signature/) → `Decision` (policy/) → `Report` (report/)
 */

/** Raw bytes. Always a plain view, never text: git objects are bytes (non-UTF-8, NUL and CRLF included). */
export type Bytes = Uint8Array;

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A full object id: 40 (sha1) or 64 (sha256) lower-case hexadecimal digits. Made by `parseObjectId`. */
export type ObjectId = Branded<string, "ObjectId">;

/**
 * A full ref name (`refs/heads/main`), each character one byte of the name as git stores it (latin-1), so that
 * names which are not UTF-8 survive unchanged. Made by `parseRefName`. Escape before showing.
 */
export type RefName = Branded<string, "RefName">;

/** OpenPGP: upper-case hex (40 or 64 digits). SSH: `SHA256:` and unpadded base64, as ssh-keygen prints it. */
export type Fingerprint = Branded<string, "Fingerprint">;

/** Whole seconds since 1970-01-01T00:00:00Z. */
export type Seconds = number;

export type HashAlgorithm = "sha1" | "sha256";

// ── subjects ────────────────────────────────────────────────────────────────────────────────────────────────────

export type SubjectKind = "commit" | "tag" | "ref" | "push";

/** What a decision is about. `oid` is null for a push as a whole and for a deleted ref's new value. */
export interface SubjectRef {
  readonly kind: SubjectKind;
  readonly oid: ObjectId | null;
  readonly ref: RefName | null;
}

/** An identity line of a commit or tag: `name <email> seconds zone`. Bytes as latin-1 text; never decoded for comparison. */
export interface Identity {
  readonly name: string;
  readonly email: string;
  readonly at: Seconds;
}

/** `unknown` is armor or text that is neither: its verdict is `malformed` or `unsupported`. */
export type SignatureFormat = "openpgp" | "ssh" | "x509" | "unknown";

export interface RawSignature {
  readonly format: SignatureFormat;
  /** The signature exactly as stored, header continuation removed, armor included. */
  readonly bytes: Bytes;
}

/**
 * One signed thing: the bytes that were signed and every signature over them. `payload` is exactly what git hashes
 * for the signature; nothing is re-serialised. `signatures` is empty for an unsigned object and holds more than one
 * only where the object itself carries more than one (which is then denied as `multiple-signatures`).
 */
export interface Signed {
  readonly payload: Bytes;
  readonly signatures: readonly RawSignature[];
}

export interface Commit extends Signed {
  readonly kind: "commit";
  readonly oid: ObjectId;
  readonly tree: ObjectId;
  readonly parents: readonly ObjectId[];
  readonly author: Identity;
  readonly committer: Identity;
  /** First line of the message, as latin-1 text; hostile, escape before showing. */
  readonly title: string;
  /** A `Signed-off-by` trailer stands in the message: people confuse it with a signature. */
  readonly signedOff: boolean;
}

/** What an approval names: whatever its id, a commit with this tree on these parents. */
export interface ApprovedCommit {
  readonly tree: ObjectId;
  readonly parents: readonly ObjectId[];
}

/** A signed statement that commits are approved for a ref, or no longer are (docs/approvals.md). */
export interface Approval extends Signed {
  readonly kind: "statement";
  readonly deed: "approve" | "withdraw";
  /** A commit without parents at which the repository's history starts. */
  readonly root: ObjectId;
  readonly ref: RefName;
  readonly commits: readonly ApprovedCommit[];
  /** The signer's word. */
  readonly at: Seconds;
  /** Exclusive; null for a withdrawal. */
  readonly until: Seconds | null;
}

export type ObjectKind = "commit" | "tag" | "tree" | "blob";

export interface Tag extends Signed {
  readonly kind: "tag";
  readonly oid: ObjectId;
  readonly target: ObjectId;
  readonly targetKind: ObjectKind;
  /** The `tag` header, as latin-1 text. */
  readonly name: string;
  /** Null in the few very old tags that have none. */
  readonly tagger: Identity | null;
  readonly title: string;
}

// ── trust anchors ───────────────────────────────────────────────────────────────────────────────────────────────

/** The policy's own limits on a key. `from` is inclusive, `until` exclusive. */
export interface KeyWindow {
  readonly from?: Seconds;
  readonly until?: Seconds;
  readonly retired?: Seconds;
  /** `true`: nothing the key ever signed stands. A time: only what was received before it stands. */
  readonly compromised?: Seconds | true;
  /** Never written in a policy: its history shows that a compromised key brought this one in, and nobody confirmed it. */
  readonly fell?: { readonly with: string; readonly key: string };
}

/** What a policy demands of algorithms, for signatures and for the self-signatures of keys. */
export interface AlgorithmPolicy {
  readonly rsaBits: number;
  readonly hashes: readonly ("sha256" | "sha384" | "sha512")[];
}

// ── evidence ────────────────────────────────────────────────────────────────────────────────────────────────────

/** What cryptography and key validity alone may say against a signature. */
export type EvidenceCode =
  | "unsigned"
  | "bad-signature"
  | "unknown-key"
  | "key-expired"
  | "key-not-yet-valid"
  | "key-revoked"
  | "key-retired"
  | "key-invalid"
  | "not-signing-capable"
  | "signature-expired"
  | "signature-in-future"
  | "weak-algorithm"
  | "wrong-namespace"
  | "wrong-signature-type"
  | "multiple-signatures"
  | "malformed"
  | "unsupported"
  | "cert-invalid"
  | "user-presence-missing"
  | "resource-limit";

/** Every verdict code of the product. Stable, documented one by one in docs/codes.md. */
export type VerdictCode =
  | EvidenceCode
  | "identity-mismatch"
  | "signer-not-permitted"
  | "threshold-unmet"
  | "tag-name-mismatch"
  | "lightweight-tag"
  | "unsigned-tag"
  | "tag-target"
  | "ref-rollback"
  | "ref-deletion"
  | "ref-unmatched"
  | "replaced-object"
  | "policy-change"
  | "policy-missing"
  | "shallow-history"
  | "missing-object"
  | "bad-input";

/** The key that made a verified signature: `fingerprint` is the key or subkey that signed, `primary` its certificate (or CA). */
export interface SignerKey {
  readonly fingerprint: Fingerprint;
  readonly primary: Fingerprint;
  /** `ed25519`, `rsa`, `ecdsa-p256`, `sk-ed25519`, … */
  readonly algorithm: string;
  readonly bits: number;
}

export interface Signer {
  readonly key: SignerKey;
  /** The policy's name of the principal whose key this is. */
  readonly principal: string;
}

/** Common to every outcome: what the signature itself claims. Claims never extend trust. */
interface EvidenceClaims {
  readonly format: SignatureFormat;
  /** Key id or fingerprint that the signature names, unverified; for messages. */
  readonly issuer: string | null;
  /** The signature's own time for OpenPGP; the committer's or tagger's date for SSH. */
  readonly signedAt: Seconds | null;
}

/**
 * What one signature proves. Only `verified` carries a signer, so that no rule can consult the signer of a failed check.
 *
 * `verified` means: the bytes were signed by this key, and the key was good at `signedAt`. `lapsed` says why the key is
 * not good today (expired, softly revoked, retired …); whether that matters depends on the clock that applies:
 * new objects are refused, history stands unless it is dated before one of its ancestors.
 */
export type Evidence =
  | (EvidenceClaims & {
      readonly outcome: "verified";
      readonly signer: Signer;
      readonly lapsed: { readonly code: EvidenceCode; readonly detail: string } | null;
      /** First moment at which the signature itself expires; absent where it never does. */
      readonly ends?: Seconds;
    })
  | (EvidenceClaims & {
      /** `refuted`: wrong or no longer valid. `undecided`: we hold no key that could tell, or cannot read the format. */
      readonly outcome: "refuted" | "undecided" | "absent";
      readonly code: EvidenceCode;
      readonly detail: string;
      /** The principal whose key was tried, for messages only. */
      readonly suspect: string | null;
    });

// ── decisions ───────────────────────────────────────────────────────────────────────────────────────────────────

export type Severity = "error" | "warning";

export interface Finding {
  readonly code: VerdictCode;
  readonly severity: Severity;
  /** Name of the rule that asked, null when no single rule did. */
  readonly rule: string | null;
  readonly message: string;
  /** One command or action that mends it. */
  readonly hint?: string;
}

/** Allow or deny for one subject. `findings[0]` is the primary cause; `allow` is true exactly when no finding is an error. */
export interface Decision {
  readonly subject: SubjectRef;
  readonly allow: boolean;
  /** An exemption of the policy forgave an error, or an override lifted one. */
  readonly exempt: boolean;
  /** Codes that an override lifted; absent where none did. */
  readonly lifted?: readonly VerdictCode[];
  readonly principal: string | null;
  readonly rules: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly findings: readonly Finding[];
  /** For messages: how a person recognises the subject. Hostile text, latin-1. */
  readonly shown: {
    readonly title: string;
    readonly author: string;
    readonly committer: string;
    /** The committer's or tagger's own date. */
    readonly at?: Seconds;
  } | null;
}

export interface PolicyOrigin {
  /** `file:PATH` or `ref:REFNAME:PATH`. */
  readonly source: string;
  /** `sha256:` and hex, over the policy file's bytes and its key files' bytes. */
  readonly digest: string;
  readonly serial: number | null;
}

export interface Summary {
  readonly checked: number;
  readonly allowed: number;
  readonly denied: number;
  readonly exempt: number;
  readonly warned: number;
}

/** What every renderer starts from; decisions follow one by one so that a large report streams. */
export interface ReportHead {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: "signpolicy"; readonly version: string };
  readonly policy: PolicyOrigin | null;
  /** Said once, above the decisions: "this policy proves nothing about itself", "checkout differs". */
  readonly notes: readonly string[];
}
