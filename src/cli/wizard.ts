/** Questions on a terminal, for `init` and `join`. Everything goes to stderr; what is quoted is escaped first. */
import { isatty } from "node:tty";
import * as clack from "@clack/prompts";
import type { OwnKey } from "../check/own-keys.ts";
import { UsageError } from "../errors.ts";
import { show } from "../report/show.ts";
import * as say from "./setup-messages.ts";

const output = process.stderr;

export const canAsk = (): boolean => isatty(0) && isatty(2);

export const opening = (title: string): void => clack.intro(title, { output });

export const tell = (text: string): void => clack.log.message(text, { output });

/** Lines as they are: a box would break the long ones, and a policy's lines mean something else then. */
export const showLines = (title: string, lines: readonly string[]): void =>
  clack.log.step([title, ...lines].join("\n"), { output });

export const closing = (text: string): void => clack.outro(text, { output });

export async function agree(message: string): Promise<boolean> {
  return answered(clack.confirm({ message, output }));
}

export async function choose<T extends string>(
  message: string,
  options: readonly { value: T; label: string; hint?: string }[],
): Promise<T> {
  const asked = options.map(({ value, label, hint }) =>
    hint === undefined ? { value, label } : { value, label, hint },
  );
  return answered(clack.select({ message, options: asked as never, output }));
}

export async function chooseMany(
  message: string,
  options: readonly { value: string; label: string }[],
): Promise<readonly string[]> {
  const all = options.map(({ value }) => value);
  return answered(clack.multiselect({ message, options: [...options], initialValues: all, required: false, output }));
}

const NEW = "new";

/** One of the keys that are there, or null for a new one. */
export async function chooseKey(keys: readonly OwnKey[]): Promise<OwnKey | null> {
  const options = keys.map((key) => ({
    value: key.fingerprint,
    label: `${key.format} ${show(key.shown, 60)}`,
    hint: `${key.configured ? "git signs with it now, " : ""}${key.fingerprint}`,
  }));
  const made = { value: NEW, label: "make a new SSH key for signing", hint: "in ~/.ssh" };
  const chosen = await choose<string>("which key do you sign with?", [...options, made]);
  return keys.find(({ fingerprint }) => fingerprint === chosen) ?? null;
}

const CLOSED = Symbol("closed");

/** Ctrl-C, Ctrl-D and input that ends leave everything as it is. */
async function answered<T>(question: Promise<T>): Promise<Exclude<T, symbol>> {
  let closed = (): void => undefined;
  // Nobody tells a question that its input is gone: node then has nothing left to wait for.
  const end = new Promise<typeof CLOSED>((resolve) => (closed = () => resolve(CLOSED)));
  process.once("beforeExit", closed);
  try {
    const answer = await Promise.race([question, end]);
    if (answer === CLOSED || clack.isCancel(answer)) throw new UsageError(say.stopped);
    return answer as Exclude<T, symbol>;
  } finally {
    process.off("beforeExit", closed);
  }
}
