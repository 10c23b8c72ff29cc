import type { CertificateStatement } from "./policy-diff.ts";

/**
 * Whether another copy of a certificate is a later one: the key itself said something newer of whatever it said something of
 * before, or else nothing is missing of what counts there. Without this its owner, or who has another of his keys, could put
 * an old copy back, in which the key never ends, or take one part of it out that only an older copy lacks.
 */
export function isLaterCopy(before: readonly CertificateStatement[], after: readonly CertificateStatement[]): boolean {
  const newest = Math.max(0, ...before.map(({ created }) => created));
  const subjects = new Set([...before, ...after].map(({ about }) => about));
  return [...subjects].every((about) => {
    const was = before.filter((one) => one.about === about);
    const is = after.filter((one) => one.about === about);
    // What is said for the first time could be an old word that the copy before had left behind.
    if (was.length === 0) return is.some(({ created }) => created >= newest);
    const last = Math.max(...was.map(({ created }) => created));
    if (is.some(({ created }) => created > last)) return true;
    const kept = new Set(is.map(({ digest }) => digest));
    return counting(was).every(({ digest }) => kept.has(digest));
  });
}

/** Statements that a newer one has not replaced for good: one that itself passes leaves those before it to count again. */
function counting(statements: readonly CertificateStatement[]): readonly CertificateStatement[] {
  const lasting = Math.max(0, ...statements.filter(({ passes }) => !passes).map(({ created }) => created));
  return statements.filter(({ created }) => created >= lasting);
}
