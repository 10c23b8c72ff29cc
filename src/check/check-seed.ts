import { SignpolicyError } from "../errors.ts";
import type { Policy } from "../policy/policy.ts";
import { governServer } from "./governing.ts";
import { shellWord } from "./hook-lines.ts";
import type { Problem, ServerOptions } from "./installation.ts";
import type { ServerPlace } from "./server-place.ts";
import { inSession } from "./server-policy.ts";

/** Shorter ones can be guessed from a nonce, of which the server tells everybody one. */
const SEED_LENGTH = 16;

/** Whether pushes can be signed at all where a rule asks for that; null where they can, or none asks. */
export async function seedProblem(place: ServerPlace, options: ServerOptions): Promise<Problem | null> {
  const policy = await standing(place, options);
  if (policy === null || !asksForCertificates(policy)) return null;
  const config = await place.porcelain.config();
  const seed = config.get("receive.certnonceseed", ["local", "worktree", "system"]);
  const fix = `git --git-dir ${shellWord(place.gitDir)} config receive.certNonceSeed "$(openssl rand -hex 32)"`;
  if (seed === null) {
    return {
      message: "rules ask for signed pushes, and this repository issues no nonce: every push there is refused",
      fix,
    };
  }
  if (seed.length < SEED_LENGTH) {
    return {
      message: "receive.certNonceSeed is so short that it can be guessed, and signed pushes be made ahead",
      fix,
    };
  }
  const takesOptions = /^(?:true|yes|on|1)$/i.test(config.get("receive.advertisepushoptions") ?? "");
  if (takesOptions || policy.rules.every(({ override }) => override === null)) return null;
  return {
    message: "rules have an `override`, and this repository takes no push options: nobody can give a reason",
    fix: `git --git-dir ${shellWord(place.gitDir)} config receive.advertisePushOptions true`,
  };
}

const asksForCertificates = (policy: Policy): boolean =>
  policy.rules.some(({ pushes, override }) => pushes !== null || override !== null);

/** A policy that cannot be used is told of elsewhere. */
async function standing(place: ServerPlace, options: ServerOptions): Promise<Policy | null> {
  try {
    return (await inSession(place, options, (session) => governServer(session, {}))).loaded.policy;
  } catch (error) {
    if (error instanceof SignpolicyError) return null;
    throw error;
  }
}
