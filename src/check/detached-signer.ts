import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { GitConfig } from "../io/config.ts";
import { targetIfAny } from "../io/files.ts";
import type { Bytes } from "../model.ts";
import { signPayload } from "./signer.ts";
import { classifySignerFailure } from "./signer-failure.ts";

export interface NamedKey {
  /** A file with an SSH key, or what gpg knows a key by. */
  readonly key: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** People type passphrases meanwhile, or touch a key. */
const PATIENCE_MS = 120_000;

/**
 * An armored signature over these bytes by a key that somebody named, made as git would: by ssh-keygen in its namespace for
 * a file, by gpg for anything else.
 *
 * @throws UsageError when the program makes none
 */
export async function signByName(payload: Bytes, config: GitConfig, named: NamedKey): Promise<Bytes> {
  const { key: name, directory, environment } = named;
  const file = resolve(directory, name);
  const isFile = (await targetIfAny(file))?.isFile() ?? false;
  const nobody = { name: "", email: "", at: 0 };
  const chosen = { scope: "command", key: "user.signingkey", value: isFile ? file : name } as const;
  const { bytes, run } = await signPayload(
    {
      context: { config: new GitConfig([...config.values, chosen]), committer: nobody, author: nobody, branch: null },
      key: isFile ? { kind: "ssh", blob: Buffer.alloc(0) } : { kind: "openpgp", id: name, exact: false },
      top: directory,
      environment,
      timeoutMs: PATIENCE_MS,
    },
    payload,
  );
  if (bytes !== null) return bytes;
  const { why, fix } = classifySignerFailure(run);
  const hint = isFile ? fix : `${fix}; or --key FILE of an SSH key`;
  throw new UsageError(`${run.program} made no signature with ${name}: ${why}`, { hint });
}
