/** The key that `init` and `join` go on with: chosen, named, made, or the only likely one. */
import { resolve } from "node:path";
import type { InitOptions } from "../check/init.ts";
import type { OwnKey } from "../check/own-keys.ts";
import { UsageError } from "../errors.ts";
import { show } from "../report/show.ts";
import * as say from "./setup-messages.ts";
import { writeError } from "./streams.ts";

export interface KeyChoice {
  /** A fingerprint, or the path of a .pub file. */
  readonly key?: string;
  readonly newKey?: boolean;
}

export interface KeySurvey {
  readonly ownKeys: readonly OwnKey[];
  readonly me: { readonly email: string };
}

/** `again` looks at the machine anew, after a key was made. */
export async function ownKey<Found extends KeySurvey>(
  command: "init" | "join",
  survey: Found,
  choice: KeyChoice,
  interactive: boolean,
  options: InitOptions,
  again: () => Promise<Found>,
): Promise<{ readonly survey: Found; readonly key: OwnKey }> {
  const { ownKeys } = survey;
  if (choice.key !== undefined) return { survey, key: named(ownKeys, choice.key, options.directory) };
  if (choice.newKey !== true) {
    const [likely] = ownKeys;
    if (!interactive) {
      if (likely === undefined) throw new UsageError(say.noKeyHere, { hint: say.makeKey(command) });
      return { survey, key: likely };
    }
    const { chooseKey } = await import("./wizard.ts");
    const chosen = await chooseKey(ownKeys);
    if (chosen !== null) return { survey, key: chosen };
  }
  const { planNewKey, makeNewKey } = await import("../check/new-key.ts");
  const plan = await planNewKey(survey.me.email, options.environment, interactive, ownKeys);
  if (interactive) {
    const { agree } = await import("./wizard.ts");
    if (!(await agree(`run: ${show(plan.shown)}`))) throw new UsageError(say.stopped);
  } else writeError(`signpolicy: ${say.running(show(plan.shown))}\n`);
  await makeNewKey(plan, options.directory, options.environment);
  const found = await again();
  return { survey: found, key: named(found.ownKeys, `${plan.file}.pub`, options.directory) };
}

function named(keys: readonly OwnKey[], words: string, directory: string): OwnKey {
  const plain = resolve(directory, words).replace(/\.pub$/, "");
  const found = keys.filter(
    ({ fingerprint, signingKey }) =>
      fingerprint === words ||
      signingKey === words ||
      signingKey.replace(/\.pub$/, "") === plain ||
      (/^[0-9A-F]{8,}$/i.test(words) && fingerprint.endsWith(words.toUpperCase())),
  );
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  throw new UsageError(say.noSuchOwnKey(words), { hint: say.ownKeysAre(keys.map(({ fingerprint }) => fingerprint)) });
}
