/** What installing, removing and checking an installation answer with; `cli/` prints it. */

type Variables = Readonly<Record<string, string | undefined>>;

/** How hooks reach git in a clone. `config` is git 2.54's `hook.<name>.command`. */
export const CLIENT_VIAS = ["husky", "hooks", "config", "lefthook", "pre-commit"] as const;
export type ClientVia = (typeof CLIENT_VIAS)[number];

export interface ClientOptions {
  /** Folder the command was given in (`-C`): anywhere in the work tree. */
  readonly directory: string;
  readonly environment: Variables;
}

export interface InstallClientOptions extends ClientOptions {
  /** Default: husky or lefthook where the project has it, else the plain hooks directory. */
  readonly via?: ClientVia;
}

/** Whose folders a server's repository has: git's own, or those of a program that runs hooks its own way. */
export type ServerLayout = "bare" | "gitolite" | "gitea" | "gitlab";

export interface ServerOptions {
  /** Folder that relative paths start from. */
  readonly directory: string;
  readonly environment: Variables;
  /** Folder that receives `<version>/` instead of `<repository>/signpolicy/`. */
  readonly prefix?: string;
  /** Default: what an earlier installation was told, else what the repository's folder looks like. */
  readonly layout?: ServerLayout;
}

export interface InstallServerOptions extends ServerOptions {
  /** Installs the program as one file that needs no node on the server. */
  readonly selfContained?: boolean;
  /** Policy file to pin in each repository's own configuration; relative to `directory`. */
  readonly policy?: string;
}

/** One thing that was looked at: `changed` is false where it was already so. A clause in the past tense, lower case. */
export interface InstallStep {
  readonly what: string;
  readonly changed: boolean;
}

export interface InstallReport {
  readonly steps: readonly InstallStep[];
  /** What a careful person should know, each one line. */
  readonly warnings: readonly string[];
}

/** Something that keeps the hooks from working, and the one thing that mends it. */
export interface Problem {
  readonly message: string;
  readonly fix: string;
  /** A file that lacks its run bit: to give it one is safe, and is the fix. */
  readonly runBit?: string;
}

/** githooks(5): a hook that may not be run is passed over. */
export const lostRunBit = (file: string): string => `${file} has lost its run bit: git ignores it`;

export const NOTHING_INSTALLED = "nothing of signpolicy was installed here";

/** One command often mends several of them. */
export function byFix(problems: readonly Problem[]): readonly Problem[] {
  return [...new Set(problems.map(({ fix }) => fix))].map((fix) => {
    const those = problems.filter((one) => one.fix === fix);
    const runBit = those.flatMap((one) => one.runBit ?? []);
    return {
      fix,
      message: those.map(({ message }) => message).join("; "),
      ...(runBit[0] !== undefined && those.length === 1 ? { runBit: runBit[0] } : {}),
    };
  });
}

export interface CheckReport {
  /** What was found in order, for `--verbose`. */
  readonly passed: readonly string[];
  readonly problems: readonly Problem[];
  /** Hooks run all the same. */
  readonly warnings: readonly Problem[];
}

/** One repository of several: every one is attempted, and `error` holds what stopped this one. */
export type PerRepository<Result> =
  { readonly repository: string; readonly result: Result } | { readonly repository: string; readonly error: unknown };
