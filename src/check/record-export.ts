import { concatBytes } from "../encoding/bytes.ts";
import type { Bytes } from "../model.ts";
import { GitConfig, readConfig } from "../io/config.ts";
import { discoveryEnvironment } from "../io/environment.ts";
import { findRepository } from "../io/repository.ts";
import { WITNESS_VERSION } from "../subject/record-witness.ts";
import { signByName } from "./detached-signer.ts";
import { loadRecord } from "./record.ts";
import { arrivalsIn } from "./record-arrivals.ts";
import type { RecordHead } from "./record-entries.ts";
import { readRecordFiles } from "./record-files.ts";
import { notBegun, type RecordOptions } from "./record-show.ts";
import { openSession } from "./session.ts";

/**
 * What the record shows of arrivals, for clones: which values came to stand on refs, and when, bound to the repository's
 * roots and the record's last line, signed with a key that the administrator names. Clones that trust that key have a
 * witness for what a compromised key signed before. The whole record is proven on the way.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN; UsageError when no signature can be made
 */
export async function exportRecord(options: RecordOptions & { readonly key: string }): Promise<Bytes> {
  const session = await openSession(await findRepository(options.directory, options.environment));
  try {
    const record = await loadRecord(session);
    if (record.id === null) throw notBegun(session);
    const seen = new Set<string>();
    const lines: string[] = [];
    let head: RecordHead | null = null;
    let until = "";
    for await (const { segment } of readRecordFiles(session.repository.commonDir)) {
      for (const entry of segment.entries) {
        for (const oid of arrivalsIn(entry)) {
          if (seen.has(oid)) continue;
          seen.add(oid);
          lines.push(`${entry.at} ${oid}`);
        }
        until = entry.at;
      }
      head = segment.head;
    }
    if (head === null) throw notBegun(session);
    const payload = Buffer.from(
      [
        WITNESS_VERSION,
        `record ${record.id}`,
        ...record.roots.map((root) => `root ${root}`),
        `head ${head.seq} ${head.digest}`,
        `until ${until}`,
        "",
        ...lines,
        "",
      ].join("\n"),
    );
    return concatBytes(payload, await signByName(payload, await callersConfig(options), options));
  } finally {
    session.close();
  }
}

/**
 * Which program signs, and how, is the caller's to say: root, or an administrator, who exports another user's record must
 * run nothing that the repository's configuration names.
 */
async function callersConfig({ directory, environment }: RecordOptions): Promise<GitConfig> {
  const place = { cwd: directory, environment: discoveryEnvironment(environment) };
  const { values } = await readConfig(place);
  return new GitConfig(values.filter(({ scope }) => scope === "system" || scope === "global"));
}
