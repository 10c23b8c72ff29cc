import { countCommits } from "../io/revisions.ts";
import type { Session } from "./session.ts";
import type { ReportSink } from "./sink.ts";
import type { Target } from "./targets.ts";

/** Tells who shows progress how many commits are to come; a count that fails is nobody's failure. */
export async function countAhead(
  session: Session,
  targets: readonly Pick<Target, "include" | "exclude">[],
  sink: ReportSink,
): Promise<void> {
  const include = targets.flatMap((target) => target.include);
  if (sink.expect === undefined || include.length === 0) return;
  const exclude = targets.flatMap((target) => target.exclude);
  const total = await countCommits(session.repository, { include, exclude }).catch(() => null);
  if (total !== null) sink.expect(total);
}
