import type { KeyWindow } from "../model.ts";
import type { KeyEntry, Policy } from "../policy/policy.ts";
import { createAnchors, type AnchorEntry } from "../signature/anchors.ts";
import { revokeCertificate } from "../signature/openpgp/merge.ts";
import { keyIdOf, type FallenKeys } from "./brought-keys.ts";
import { earlier, markOf, type Mark } from "./key-marks.ts";
import { fingerprintOf } from "./key-select.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

/** By fingerprint. */
export type Marks = ReadonlyMap<string, Mark>;

export const NO_MARKS: Marks = new Map();

/** Whether a policy says of any key that it fell into other hands. Where none does nothing reaches back. */
export const marksKeys = ({ keys }: LoadedPolicy): boolean => keys.some((key) => markOf(key) !== null);

/**
 * What authenticated policies say of keys that fell into other hands. None takes it back: who would say so may hold his right
 * from that very key. Revocations are taken up unproven; each must prove itself where it is used.
 */
export function marksOf(policies: readonly LoadedPolicy[]): Marks {
  const marks = new Map<string, Mark>();
  for (const key of policies.flatMap(({ keys }) => keys)) {
    const name = fingerprintOf(key);
    const mark = markOf(key);
    if (mark === null) continue;
    const known = marks.get(name) ?? NOTHING;
    marks.set(name, {
      compromised: earlier(known.compromised, mark.compromised),
      revocations: [...known.revocations, ...mark.revocations],
    });
  }
  return marks;
}

const NOTHING: Mark = { compromised: null, revocations: [] };

/** The same policy with these marks on its keys. */
export const withMarks = (loaded: LoadedPolicy, marks: Marks): LoadedPolicy =>
  limited(loaded, (key) => {
    const mark = marks.get(fingerprintOf(key));
    return mark === undefined ? null : marked(key.anchor, mark);
  });

/** The same policy, in which what a compromised key brought in counts for nothing. */
export const withFallen = (loaded: LoadedPolicy, fallen: FallenKeys): LoadedPolicy =>
  limited(loaded, (key) => {
    const by = fallen.get(keyIdOf(key));
    if (by === undefined) return null;
    return { ...key.anchor, window: { ...key.anchor.window, fell: { with: by, key: fingerprintOf(key) } } };
  });

function limited(loaded: LoadedPolicy, limit: (key: LoadedKey) => AnchorEntry | null): LoadedPolicy {
  const windows = new Map<KeyEntry, KeyWindow>();
  const keys = loaded.keys.map((key): LoadedKey => {
    const anchor = limit(key);
    if (anchor === null) return key;
    windows.set(key.entry, anchor.window);
    return { ...key, anchor };
  });
  if (windows.size === 0) return loaded;
  const anchors = createAnchors(
    keys.map(({ anchor }) => anchor),
    loaded.policy.algorithms,
  );
  return { ...loaded, keys, anchors, policy: withWindows(loaded.policy, windows) };
}

function marked(anchor: AnchorEntry, mark: Mark): AnchorEntry {
  const compromised = earlier(anchor.window.compromised ?? null, mark.compromised);
  const window = compromised === null ? anchor.window : { ...anchor.window, compromised };
  if (anchor.kind !== "openpgp" || mark.revocations.length === 0) return { ...anchor, window };
  return { ...anchor, window, certificate: revokeCertificate(anchor.certificate, mark.revocations) };
}

function withWindows(policy: Policy, windows: ReadonlyMap<KeyEntry, KeyWindow>): Policy {
  const principals = [...policy.principals].map(([id, principal]) => {
    const keys = principal.keys.map((entry) => ({ ...entry, window: windows.get(entry) ?? entry.window }));
    return [id, { ...principal, keys }] as const;
  });
  return { ...policy, principals: new Map(principals) };
}
