import { Option } from "commander";
import type { ServerLayout } from "../check/installation.ts";

const LAYOUTS = ["bare", "gitolite", "gitea", "forgejo", "gitlab"] as const;
export type LayoutWord = (typeof LAYOUTS)[number];

/** `--layout`, of every command that looks at a server's repository. */
export const layoutOption = (): Option =>
  new Option("--layout <server>", "with --server: whose folders these are, where that cannot be seen").choices(LAYOUTS);

/** Forgejo has Gitea's folders. */
export const layoutNamed = (word: LayoutWord | undefined): { layout?: ServerLayout } =>
  word === undefined ? {} : { layout: word === "forgejo" ? "gitea" : word };
