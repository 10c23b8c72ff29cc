import type { Path, Problem } from "./document.ts";
import { textsOf } from "./loose.ts";

/** Texts that a list holds twice: a slip where another was meant. */
export function duplicates(list: unknown, path: Path): readonly Problem[] {
  const seen = new Set<string>();
  return textsOf(list).flatMap(([index, text]) => {
    if (!seen.has(text)) {
      seen.add(text);
      return [];
    }
    return [{ path: [...path, index], message: `\`${text}\` stands here twice`, expected: "each once" }];
  });
}
