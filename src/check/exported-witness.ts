import { resolve } from "node:path";
import { ParseError, SignpolicyError, UsageError } from "../errors.ts";
import type { Seconds } from "../model.ts";
import { readBytes } from "../io/files.ts";
import { createAnchors, type AnchorEntry } from "../signature/anchors.ts";
import { readCertificate } from "../signature/openpgp/certificate.ts";
import { parseSshPublicKey } from "../signature/ssh/key.ts";
import { verifySigned } from "../signature/verify.ts";
import { parseRecordWitness, type RecordWitness } from "../subject/record-witness.ts";
import type { Session } from "./session.ts";
import type { Arrivals } from "./witness.ts";

/** What the command line says of an exported record. */
export interface WitnessChoice {
  readonly witness?: string | undefined;
  readonly witnessKey?: string | undefined;
}

/** Nobody's name: the key is trusted for this one thing. */
const EXPORTER = "the record's exporter";

/**
 * An exported record as a witness in this clone; null where none is named. File and key are chosen here, by the command
 * line or the clone's own configuration (`signpolicy.witness`, `signpolicy.witnessKey`), never by what the repository
 * brings. What is named must stand: a signature by that key, good now, over a record of this very repository.
 *
 * @throws UsageError where only one of the two is named; SignpolicyError ERR_WITNESS
 */
export async function exportedWitness(session: Session, choice: WitnessChoice, now: Seconds): Promise<Arrivals | null> {
  const own = (key: string): string | null => session.config.get(key, ["local", "worktree"]);
  const file = choice.witness ?? own("signpolicy.witness");
  const key = choice.witnessKey ?? own("signpolicy.witnesskey");
  if (file === null && key === null) return null;
  if (file === null || key === null) {
    throw new UsageError("an exported record takes the key that its exporter signs with, and the other way round", {
      hint: "--witness FILE --witness-key KEY-FILE, or git config signpolicy.witness and signpolicy.witnessKey",
    });
  }
  const { cwd } = session.repository;
  const witness = await readWitness(resolve(cwd, file));
  const anchors = createAnchors([await readKey(resolve(cwd, key))], {
    rsaBits: 2048,
    hashes: ["sha256", "sha384", "sha512"],
  });
  const times = { now, claimed: witness.until, receivedAt: null };
  const [evidence] = await verifySigned(witness, anchors, times);
  if (evidence.outcome !== "verified") throw refused(file, `${evidence.code}: ${evidence.detail}`);
  if (evidence.lapsed !== null) throw refused(file, `${evidence.lapsed.code}: ${evidence.lapsed.detail}`);
  const here = await Promise.all(witness.roots.map((root) => session.reader.object(root)));
  if (!here.some(({ found }) => found === "yes")) throw refused(file, "it is another repository's");
  return (moment) => Promise.resolve(witness.arrivals.filter(({ at }) => at < moment).map(({ oid }) => oid));
}

async function readWitness(file: string): Promise<RecordWitness> {
  try {
    return parseRecordWitness(await readBytes(file));
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw refused(file, error.message);
  }
}

async function readKey(file: string): Promise<AnchorEntry> {
  const bytes = Buffer.from(await readBytes(file));
  const text = bytes.toString("latin1");
  const entry = { principal: EXPORTER, window: {} };
  try {
    if (/^(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-/.test(text)) {
      return { ...entry, kind: "ssh", key: parseSshPublicKey(text.trim()), namespaces: ["git"] };
    }
    return { ...entry, kind: "openpgp", certificate: readCertificate(bytes) };
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    throw new UsageError(`${file} holds no public key: ${error.message}`);
  }
}

const refused = (file: string, why: string): SignpolicyError =>
  new SignpolicyError("ERR_WITNESS", `the exported record ${file} does not count: ${why}`, {
    hint: "have whoever keeps the server export it again: signpolicy record export --key KEY",
  });
