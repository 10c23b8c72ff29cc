/** The git children that read a repository for every judgement, started before the code that judges is loaded. */
import { readConfig, type GitConfig } from "./config.ts";
import type { GitPlace } from "./git.ts";
import { ObjectReader } from "./objects.ts";

export interface Reading {
  readonly reader: ObjectReader;
  readonly config: Promise<GitConfig>;
}

/** Where git cannot be started, reading or the configuration says so to whoever asks. `reader.close()` ends it. */
export function startReading(place: GitPlace): Reading {
  const reader = new ObjectReader(place);
  const config = readConfig(place);
  config.catch(() => undefined);
  return { reader, config };
}
