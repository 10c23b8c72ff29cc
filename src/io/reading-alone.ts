/** Reads what a small push needs without starting git, which takes longer than judging it. */
import { recallGit, type MemoryPlace } from "./git-memory.ts";
import { quarantinedObjects } from "./loose-objects.ts";
import { ObjectReader } from "./objects.ts";
import type { Reading } from "./reading.ts";

/** Null where git must say what the configuration is. Objects that do not lie in the quarantine are git's to read. */
export function readAlone(place: MemoryPlace): Reading | null {
  const received = quarantinedObjects(place);
  const known = received === null ? null : recallGit(place);
  if (known === null) return null;
  return { reader: new ObjectReader(place, received), config: () => Promise.resolve(known.config), roots: known.roots };
}
