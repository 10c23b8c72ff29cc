/** Most options that anybody gives; git itself sets no limit. */
const CAP = 1000;

/**
 * The options of a push (`git push -o`), in the order given, as latin-1 text of their bytes. The environment is the
 * pusher's word where git sets none; only a push certificate that holds the same makes them more than that.
 */
export function pushOptions(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const count = environment["GIT_PUSH_OPTION_COUNT"] ?? "";
  if (!/^[0-9]{1,4}$/.test(count)) return [];
  const options: string[] = [];
  for (let at = 0; at < Math.min(Number(count), CAP); at += 1) {
    const option = environment[`GIT_PUSH_OPTION_${String(at)}`];
    if (option !== undefined) options.push(Buffer.from(option, "utf8").toString("latin1"));
  }
  return options;
}
