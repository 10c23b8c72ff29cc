/** The codes of the unions `EvidenceCode` and `VerdictCode`, read from the text of model.ts: types leave nothing at run time. */
export function verdictCodes(model: string): ReadonlySet<string> {
  const union = (name: string): string[] => {
    const body = new RegExp(`export type ${name} =([^;]+);`).exec(model)?.[1] ?? "";
    return [...body.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code ?? "");
  };
  const codes = [...union("EvidenceCode"), ...union("VerdictCode")];
  if (codes.length < 30) throw new Error("model.ts no longer reads as expected");
  return new Set(codes);
}
