import type { CiPlatform, Variables } from "./ci-event.ts";
import { githubPlatform } from "./ci-github.ts";
import { gitlabPlatform } from "./ci-gitlab.ts";
import { azurePlatform, jenkinsPlatform, noPlatform } from "./ci-others.ts";

/** By the variable that each platform sets and documents. `readEvent` gives the JSON of a file. */
export function ciPlatform(environment: Variables, readEvent: (path: string) => unknown): CiPlatform {
  const actions = ["GITHUB_ACTIONS", "GITEA_ACTIONS", "FORGEJO_ACTIONS"];
  if (actions.some((name) => environment[name] === "true")) return githubPlatform(environment, readEvent);
  if (environment["GITLAB_CI"] === "true") return gitlabPlatform(environment);
  if (environment["TF_BUILD"] === "True") return azurePlatform(environment);
  if ((environment["JENKINS_URL"] ?? "") !== "") return jenkinsPlatform(environment);
  return noPlatform;
}
