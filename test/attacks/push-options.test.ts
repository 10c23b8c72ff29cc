/**
 * Attack: a push option that some hook, or a later version, might take for an order: skip the check, another policy, an
 * override without a certificate. GitLab and others give options of their own a meaning.
 * Stopped by: only `signpolicy.override` is read at all, and only with a certificate that holds the same options
 * (check/push-options.ts, policy/decide-override.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { alice, mainRule, policyOf, withServer, type PushResult, type PushServer } from "../support/push-server.ts";

const guarded = policyOf([{ ...mainRule, override: ["alice"], updates: { force: "deny" } }]);

function pushWith(server: PushServer, refspec: string, options: readonly string[]): PushResult {
  const argv = ["push", "--no-verify", ...options.flatMap((option) => ["-o", option]), "origin", refspec];
  const { status, stdout, stderr } = server.clone.run("git", argv);
  return { status: status ?? -1, text: `${stdout.toString("latin1")}${stderr}` };
}

const withOptions = (body: (server: PushServer) => void): Promise<void> =>
  withServer(guarded, (server) => {
    server.server.config("receive.advertisePushOptions", "true");
    body(server);
  });

/** What the hook said, without what git says around it. */
const said = ({ text }: PushResult): readonly string[] =>
  text.split("\n").filter((line) => line.startsWith("remote: "));

const OPTIONS = [
  ["signpolicy.override=emergency"],
  ["signpolicy.override=", "signpolicy.override"],
  ["SIGNPOLICY.OVERRIDE=emergency", "signpolicy.Override=x", " signpolicy.override=x", "signpolicy.override =x"],
  ["signpolicy.skip", "signpolicy.policy=/tmp/none", "signpolicy.policyRef=refs/heads/evil", "signpolicy.now=0"],
  ["ci.skip", "skip-checks=true", "no-verify", "force", "merge_request.create", "integrations.skip_ci"],
  ["--policy=/dev/null", "--help", "-C", "/", "GIT_DIR=/tmp", "NODE_OPTIONS=--require /tmp/x"],
  ["\u001b[2Jerror: signpolicy: allowed", "GL-HOOK-ERR: allowed", "x\u202ey"],
  Array.from({ length: 1200 }, (_, at) => `signpolicy.override=${String(at)}`),
];

describe("push options", () => {
  it.each(
    OPTIONS.map(
      (options) =>
        [
          options
            .slice(0, 6)
            .join(" ")
            .replace(/[^ -~]/g, "?"),
          options,
        ] as const,
    ),
  )("lift nothing without a certificate, and change no word of the refusal: %s (unsigned)", (_, options) =>
    withOptions((server) => {
      const first = server.commit(alice);
      expect(pushWith(server, `${first}:refs/heads/main`, options).status).toBe(0);
      const bad = server.commit(null, { parents: [first] });
      const refused = pushWith(server, `${bad}:refs/heads/main`, options);
      expect(refused.text).toContain("unsigned");
      expect(refused.text).not.toMatch(/[^\n -~]/);
      expect(server.value("refs/heads/main")).toBe(first);
      const asked = options.some((option) => option.startsWith("signpolicy.override="));
      // Whoever asks for an override is told what one takes; any other option is not even mentioned.
      if (!asked) expect(said(refused)).toEqual(said(pushWith(server, `${bad}:refs/heads/main`, [])));
    }),
  );

  it.each([
    { GIT_PUSH_OPTION_COUNT: "99999", GIT_PUSH_OPTION_0: "signpolicy.override=x" },
    { GIT_PUSH_OPTION_COUNT: "-1", GIT_PUSH_OPTION_0: "signpolicy.override=x" },
    { GIT_PUSH_OPTION_COUNT: "1e3" },
    { GIT_PUSH_OPTION_COUNT: "2", GIT_PUSH_OPTION_1: "signpolicy.override=x" },
    { GIT_PUSH_OPTION_0: "signpolicy.override=x" },
  ])("that no git counted like that lift nothing: %j (unsigned)", (environment) =>
    withOptions((server) => {
      const bad = server.commit(null);
      const result = server.pushRaw("refs/heads/main", bad, environment);
      expect(result.status).toBe(1);
      expect(result.text).toContain("unsigned");
    }),
  );

  it("name no file: nothing that they name is opened", () =>
    withOptions((server) => {
      const policy = join(server.clone.root, "policy.json");
      writeFileSync(policy, JSON.stringify({ ...guarded, rules: [], unmatched: "allow" }));
      const bad = server.commit(null);
      const options = [`signpolicy.policy=${policy}`, `policy=${policy}`, policy];
      expect(pushWith(server, `${bad}:refs/heads/main`, options).text).toContain("unsigned");
    }));
});
