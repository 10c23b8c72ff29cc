import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { createProgram } from "../../src/cli/commands.ts";
import { completionTree, everyVerb } from "../../src/cli/completion/tree.ts";
import { Repo } from "../support/repo.ts";
import { describeWith } from "../support/tools.ts";

/** Somebody pushed a branch of this name; a shell that expands it runs a command. */
const HOSTILE = "refs/heads/x$(touch${IFS}pwned)`touch${IFS}pwned`";

let repo: Repo;

beforeAll(() => {
  repo = new Repo();
  const oid = repo.commit("first");
  for (const ref of ["refs/heads/main", "refs/heads/topic", "refs/tags/v1", HOSTILE]) repo.updateRef(ref, oid);
});
afterAll(() => repo.remove());

function scriptFor(shell: string): string {
  const file = join(repo.home, `completion.${shell}`);
  writeFileSync(
    file,
    execFileSync(process.execPath, [resolve("dist/signpolicy.cjs"), "completion", shell], { env: repo.env }),
  );
  return file;
}

const run = (shell: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): readonly string[] => {
  const { status, stdout, stderr } = repo.run(shell, args, { env });
  if (status !== 0 || stderr !== "") throw new Error(`${shell} exited with ${String(status)}: ${stderr}`);
  return stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
};

/** What a shell offers for the last word of a line, descriptions left out. */
const OFFERS: Readonly<Record<"bash" | "fish", (script: string, line: string) => readonly string[]>> = {
  bash: (script, line) => {
    const body =
      'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { false; }; ' +
      '[ "$1" = git ] && _git_signpolicy || _signpolicy; printf "%s\\n" "${COMPREPLY[@]}"';
    return run("bash", ["--norc", "-c", body, "bash", script, ...line.split(" ")]);
  },
  fish: (script, line) =>
    run("fish", ["--no-config", "-c", "source $argv[1]; complete -C $argv[2]", script, line]).map(
      (offer) => offer.split("\t")[0] ?? "",
    ),
};

const verbs = everyVerb(completionTree(createProgram(() => undefined)));

for (const shell of ["bash", "fish"] as const) {
  describeWith(shell, `completion in ${shell}`, () => {
    let script: string;
    beforeAll(() => {
      script = scriptFor(shell);
    });
    const offers = (line: string): readonly string[] => OFFERS[shell](script, line);

    it.each(verbs.filter((verb) => verb.verbs.length > 0))(
      "offers the commands of '$path'",
      ({ path, verbs: below }) => {
        const line = ["signpolicy", path, ""].join(" ").replaceAll("  ", " ");
        expect(offers(line)).toEqual(expect.arrayContaining(below.map(({ name }) => name)));
      },
    );

    it("offers what begins as the word does, and nothing else", () => {
      expect(offers("signpolicy ver")).toEqual(["verify"]);
      expect(offers("signpolicy keys re")).toEqual(expect.arrayContaining(["retire", "revoke", "renew"]));
      expect(offers("signpolicy nonsense")).toEqual([]);
    });

    it("offers the options of the command at hand", () => {
      expect(offers("signpolicy verify --no")).toEqual(["--no-walk"]);
      expect(offers("signpolicy -C . verify --no")).toEqual(["--no-walk"]);
      expect(offers("signpolicy policy check --no")).toEqual([]);
    });

    it("offers the values an option knows", () => {
      expect(offers("signpolicy install --via h")).toEqual(expect.arrayContaining(["husky", "hooks"]));
      expect(offers("signpolicy verify --format j")).toContain("json");
      expect(offers("signpolicy install --layout gite")).toEqual(["gitea"]);
    });

    it("offers refs where revisions are asked for, full names where rules are", () => {
      expect(offers("signpolicy verify to")).toEqual(["topic"]);
      expect(offers("signpolicy verify --as refs/heads/to")).toEqual(["refs/heads/topic"]);
    });

    it("runs nothing that stands in a name", () => {
      expect(offers("signpolicy verify x")).toHaveLength(1);
      expect(existsSync(join(repo.dir, "pwned"))).toBe(false);
    });
  });
}

describeWith("bash", "completion in bash, further", () => {
  it("completes the second end of a range, files, `--option=value` and `git signpolicy`", () => {
    const script = scriptFor("bash");
    writeFileSync(join(repo.dir, "policy-of-mine.yaml"), "");
    expect(OFFERS.bash(script, "signpolicy verify main..to")).toEqual(["main..topic"]);
    expect(OFFERS.bash(script, "signpolicy policy check policy-of")).toEqual(["policy-of-mine.yaml"]);
    expect(OFFERS.bash(script, "signpolicy verify --format = js")).toEqual(["json"]);
    expect(OFFERS.bash(script, "git -c a=b signpolicy ver")).toEqual(["verify"]);
    expect(OFFERS.bash(script, "signpolicy install --server a b -")).toContain("--prefix");
  });
});

describeWith("zsh", "completion in zsh", () => {
  /** Types keys into an interactive zsh in which `signpolicy` says what it was called with. */
  const typed = (keys: string): string => {
    const driver = `
zmodload zsh/zpty
zpty shell "TERM=dumb zsh -f -i"
say() { zpty -w shell "$1"; }
say "PROMPT= PS2= ; unsetopt beep zle_bracketed_paste 2>/dev/null; autoload -Uz compinit; compinit -u -D"
say "signpolicy() { print -r -- RAN:\\"\\$*\\":END }; git() { [[ \\$1 = signpolicy ]] && signpolicy \\"\\$@\\" || command git \\"\\$@\\" }"
say "source \${(q)1}; print REA''DY"
zpty -r -m shell seen '*READY*'
zpty -w -n shell "$2"
zpty -r -m shell seen '*RAN:*:END*' && print -r -- "\${\${seen##*RAN:}%%:END*}"
zpty -d shell`;
    const { stdout, stderr } = repo.run("timeout", ["20", "zsh", "-f", "-c", driver, "zsh", scriptFor("zsh"), keys]);
    return stderr + stdout.toString("utf8").trimEnd();
  };

  it.each([
    ["signpolicy ver\t\n", "verify"],
    ["signpolicy keys exp\tkey\t\n", "keys export keyring"],
    ["signpolicy verify --no-w\t\n", "verify --no-walk"],
    ["signpolicy install --via hu\t\n", "install --via husky"],
    ["signpolicy verify to\t\n", "verify topic"],
    ["signpolicy verify main..to\t\n", "verify main..topic"],
    ["signpolicy verify --as refs/heads/to\t\n", "verify --as refs/heads/topic"],
    ["signpolicy -C . verify to\t\n", "-C . verify topic"],
    ["git signpolicy ver\t\n", "signpolicy verify"],
  ])("%j runs signpolicy %s", (keys, words) => {
    expect(typed(keys)).toBe(words);
  });

  it("quotes what stands in a name, and runs nothing of it", () => {
    expect(typed("signpolicy verify x\t\n")).toBe(`verify ${HOSTILE.replace("refs/heads/", "")}`);
    expect(existsSync(join(repo.dir, "pwned"))).toBe(false);
  });
});
