/**
 * What a job finds in its environment on each platform, event by event: every variable that says something of the event or the
 * checkout, as the platform documents it, also those that signpolicy must not be led by. A platform that has no merge queue has no
 * row for one.
 */
import { type CiScene, ZERO } from "./ci.ts";

export interface Happening {
  readonly scene: CiScene;
  /** What the request or push brings; where a tag stands, the commit it names. */
  readonly head: string;
  readonly base: string;
}

export interface Job {
  readonly env: Readonly<Record<string, string>>;
  /** What the platform has checked out, detached. */
  readonly checkout: string;
  /** What has to be said on the command line where the environment says nothing. */
  readonly args?: readonly string[];
}

type Tell = (what: Happening) => Job;
export type Events = Readonly<Partial<Record<"request" | "push" | "tag" | "queue", Tell>>>;

const NAMES = { repository: "octo/app", actor: "octo", sender: { login: "octo" } } as const;

/** docs.github.com, "Variables reference" and "Webhook events and payloads". */
function actions(more: Readonly<Record<string, string>>): Required<Pick<Events, "request" | "push" | "tag">> {
  const common = (sha: string, event: string, ref: string) => ({
    GITHUB_ACTOR: NAMES.actor,
    GITHUB_API_URL: "https://forge.example/api",
    GITHUB_EVENT_NAME: event,
    GITHUB_JOB: "signatures",
    GITHUB_REF_NAME: ref.replace(/^refs\/(?:heads|tags|pull)\//, ""),
    GITHUB_REF_TYPE: ref.startsWith("refs/tags/") ? "tag" : "branch",
    GITHUB_REPOSITORY: NAMES.repository,
    GITHUB_RUN_ID: "1",
    GITHUB_SERVER_URL: "https://forge.example",
    GITHUB_SHA: sha,
    GITHUB_WORKFLOW: "signatures",
    GITHUB_BASE_REF: "",
    GITHUB_HEAD_REF: "",
    ...more,
  });
  return {
    request({ scene, head, base }) {
      const merge = scene.mergeOf(head);
      const ref = more["GITEA_ACTIONS"] === undefined ? "refs/pull/7/merge" : "refs/pull/7/head";
      const payload = {
        action: "synchronize",
        number: 7,
        pull_request: {
          number: 7,
          merge_commit_sha: merge,
          head: { sha: head, ref: "topic", label: "octo:topic" },
          base: { sha: base, ref: "main", label: "octo:main" },
        },
        repository: { full_name: NAMES.repository, default_branch: "main" },
        sender: NAMES.sender,
      };
      const env = scene.github("pull_request", ref, payload, {
        ...common(merge, "pull_request", ref),
        ...{ GITHUB_BASE_REF: "main", GITHUB_HEAD_REF: "topic" },
      });
      return { env, checkout: more["GITEA_ACTIONS"] === undefined ? merge : head };
    },
    push({ scene, head, base }) {
      const payload = {
        ...{ ref: "refs/heads/main", before: base, after: head, created: false, deleted: false, forced: false },
        ...{ base_ref: null, compare: "https://forge.example/compare", head_commit: { id: head } },
        commits: [{ id: head, message: "x" }],
        sender: NAMES.sender,
      };
      const ref = "refs/heads/main";
      return { env: scene.github("push", ref, payload, common(head, "push", ref)), checkout: head };
    },
    tag({ scene, head }) {
      const ref = "refs/tags/TAG";
      const payload = { ref, before: ZERO, after: head, created: true, deleted: false, base_ref: "refs/heads/main" };
      return { env: scene.github("push", ref, payload, common(head, "push", ref)), checkout: head };
    },
  };
}

/** docs.gitlab.com, "Predefined CI/CD variables reference". */
const gitlab = (sha: string, source: string, more: Readonly<Record<string, string>>) => ({
  CI: "true",
  GITLAB_CI: "true",
  CI_SERVER: "yes",
  CI_SERVER_NAME: "GitLab",
  CI_PROJECT_PATH: NAMES.repository,
  CI_DEFAULT_BRANCH: "main",
  CI_PIPELINE_SOURCE: source,
  CI_COMMIT_SHA: sha,
  CI_COMMIT_SHORT_SHA: sha.slice(0, 8),
  CI_COMMIT_BEFORE_SHA: ZERO,
  CI_COMMIT_TITLE: "x",
  ...more,
});

const mergeRequest = (base: string, more: Readonly<Record<string, string>>) => ({
  CI_COMMIT_REF_NAME: "topic",
  CI_OPEN_MERGE_REQUESTS: "octo/app!7",
  CI_MERGE_REQUEST_ID: "700",
  CI_MERGE_REQUEST_IID: "7",
  CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: "topic",
  CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main",
  CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
  CI_MERGE_REQUEST_DIFF_ID: "1",
  CI_MERGE_REQUEST_REF_PATH: "refs/merge-requests/7/head",
  ...more,
});

/** The Git plugin's and the Branch API plugin's, as `/env-vars.html` of a Jenkins lists them. */
const jenkins = (head: string, more: Readonly<Record<string, string>>) => ({
  CI: "true",
  JENKINS_URL: "https://jenkins.example/",
  JENKINS_HOME: "/var/jenkins_home",
  BUILD_NUMBER: "7",
  JOB_NAME: "app/main",
  GIT_COMMIT: head,
  GIT_URL: "https://forge.example/octo/app.git",
  ...more,
});

/** learn.microsoft.com, "Use predefined variables". */
const azure = (version: string, reason: string, branch: string, more: Readonly<Record<string, string>> = {}) => ({
  TF_BUILD: "True",
  AGENT_JOBNAME: "signatures",
  BUILD_REASON: reason,
  BUILD_REPOSITORY_PROVIDER: "TfsGit",
  BUILD_SOURCEBRANCH: branch,
  BUILD_SOURCEBRANCHNAME: branch.split("/").at(-1) ?? "",
  BUILD_SOURCEVERSION: version,
  SYSTEM_TEAMPROJECT: "app",
  ...more,
});

const azureRequest =
  (target: string): Tell =>
  ({ scene, head }) => {
    const merge = scene.mergeOf(head);
    const more = {
      SYSTEM_PULLREQUEST_PULLREQUESTID: "7",
      SYSTEM_PULLREQUEST_SOURCEBRANCH: "refs/heads/topic",
      SYSTEM_PULLREQUEST_SOURCECOMMITID: head,
      SYSTEM_PULLREQUEST_TARGETBRANCH: target,
      SYSTEM_PULLREQUEST_ISFORK: "False",
    };
    return { env: azure(merge, "PullRequest", "refs/pull/7/merge", more), checkout: merge };
  };

const forgejo = { GITEA_ACTIONS: "true", FORGEJO_ACTIONS: "true", FORGEJO_ACTIONS_RUNNER_VERSION: "v12.0.0" };

export const ENVIRONMENTS: Readonly<Record<string, Events>> = {
  "GitHub Actions": {
    ...actions({ RUNNER_OS: "Linux", RUNNER_ENVIRONMENT: "github-hosted" }),
    queue({ scene, head, base }) {
      const ref = `refs/heads/gh-readonly-queue/main/pr-7-${base}`;
      const merge_group = { head_sha: head, head_ref: ref, base_sha: base, base_ref: "refs/heads/main" };
      const env = scene.github("merge_group", ref, { action: "checks_requested", merge_group });
      return { env: { ...env, GITHUB_SHA: head, GITHUB_REF_TYPE: "branch" }, checkout: head };
    },
  },
  "Gitea Actions": actions({ GITEA_ACTIONS: "true", GITEA_ACTIONS_RUNNER_VERSION: "v0.2.12" }),
  "Forgejo Actions": actions(forgejo),
  "GitLab CI": {
    request({ head, base }) {
      const more = {
        CI_MERGE_REQUEST_EVENT_TYPE: "detached",
        CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: "",
        CI_MERGE_REQUEST_TARGET_BRANCH_SHA: "",
      };
      return { env: gitlab(head, "merge_request_event", mergeRequest(base, more)), checkout: head };
    },
    push({ head, base }) {
      const more = { CI_COMMIT_BRANCH: "main", CI_COMMIT_REF_NAME: "main", CI_COMMIT_BEFORE_SHA: base };
      return { env: gitlab(head, "push", more), checkout: head };
    },
    tag: ({ head }) => ({
      env: gitlab(head, "push", { CI_COMMIT_TAG: "TAG", CI_COMMIT_REF_NAME: "TAG", CI_COMMIT_TAG_MESSAGE: "x" }),
      checkout: head,
    }),
    queue({ scene, head, base }) {
      const merge = scene.mergeOf(head);
      const more = {
        CI_MERGE_REQUEST_EVENT_TYPE: "merge_train",
        CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: head,
        CI_MERGE_REQUEST_TARGET_BRANCH_SHA: base,
      };
      return { env: gitlab(merge, "merge_request_event", mergeRequest(base, more)), checkout: merge };
    },
  },
  "GitLab CI, merged results": {
    request({ scene, head, base }) {
      const merge = scene.mergeOf(head);
      const more = {
        CI_MERGE_REQUEST_EVENT_TYPE: "merged_result",
        CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: head,
        CI_MERGE_REQUEST_TARGET_BRANCH_SHA: base,
      };
      return { env: gitlab(merge, "merge_request_event", mergeRequest(base, more)), checkout: merge };
    },
  },
  "Jenkins, multibranch": {
    request: ({ head }) => ({
      env: jenkins(head, {
        ...{ BRANCH_NAME: "PR-7", GIT_BRANCH: "PR-7", CHANGE_ID: "7", CHANGE_TARGET: "main", CHANGE_BRANCH: "topic" },
        ...{ CHANGE_TITLE: "x", CHANGE_AUTHOR: "octo", CHANGE_URL: "https://forge.example/octo/app/pulls/7" },
      }),
      checkout: head,
    }),
    push: ({ head, base }) => ({
      env: jenkins(head, {
        ...{ BRANCH_NAME: "main", BRANCH_IS_PRIMARY: "true", GIT_BRANCH: "main" },
        ...{ GIT_PREVIOUS_COMMIT: head, GIT_PREVIOUS_SUCCESSFUL_COMMIT: base },
      }),
      checkout: head,
    }),
    tag: ({ head }) => ({
      env: jenkins(head, { BRANCH_NAME: "TAG", TAG_NAME: "TAG", GIT_BRANCH: "TAG", TAG_UNIXTIME: "1790000000" }),
      checkout: head,
    }),
  },
  "Jenkins, a plain job": {
    push: ({ head, base }) => ({
      env: jenkins(head, { GIT_BRANCH: "origin/main", GIT_PREVIOUS_SUCCESSFUL_COMMIT: base }),
      checkout: head,
    }),
  },
  "Azure Pipelines": {
    request: azureRequest("refs/heads/main"),
    tag: ({ head }) => ({ env: azure(head, "IndividualCI", "refs/tags/TAG"), checkout: head }),
  },
  "Azure Pipelines, of a repository on GitHub": { request: azureRequest("main") },
  "no platform": {
    request: ({ head }) => ({ env: { CI: "true" }, checkout: head, args: ["--as", "main"] }),
    push: ({ head, base }) => ({ env: {}, checkout: head, args: ["--as", "main", "--base", base, "--head", head] }),
    tag: ({ head }) => ({ env: {}, checkout: head, args: ["--as", "refs/tags/TAG"] }),
  },
};
