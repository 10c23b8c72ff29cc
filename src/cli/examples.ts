/** Examples under the help of each command: the line to type, and what it is for. */
type Example = readonly [line: string, purpose: string];

export const EXAMPLES: ReadonlyMap<string, readonly Example[]> = new Map([
  [
    "signpolicy",
    [
      ["signpolicy policy check", "is the policy file good, and can its keys sign today?"],
      ["signpolicy install", "put the hooks into this clone"],
      ["signpolicy verify", "judge the history of HEAD"],
      ["git signpolicy verify", "the same, as a git command"],
    ],
  ],
  [
    "verify",
    [
      ["signpolicy verify", "the history of HEAD"],
      ["signpolicy verify origin/main..HEAD", "what would be pushed"],
      ["signpolicy verify --as refs/heads/main topic", "would topic be good enough for main?"],
      ["signpolicy verify --no-walk HEAD", "one commit alone"],
      ["signpolicy verify --tags", "every tag"],
      ["signpolicy verify --trust-root OID", "does the history authenticate itself from this commit?"],
      ["signpolicy verify --format json --all >report.json", "everything, for a machine"],
    ],
  ],
  [
    "ci",
    [
      ["signpolicy ci", "what this job is about, as its platform shows it"],
      ["signpolicy ci --report sarif=signpolicy.sarif", "and a file for code scanning"],
      ["signpolicy ci --report gitlab=gl-code-quality-report.json", "and one for GitLab's code quality"],
      ["signpolicy ci --full", "the whole history, as a schedule would"],
      ["signpolicy ci --as main --base origin/main --head HEAD", "where no platform says it"],
    ],
  ],
  [
    "approve",
    [
      ["signpolicy approve origin/main..topic --push", "I stand behind these commits for main, too"],
      ["signpolicy approve origin/main..topic --as-squash", "behind the one commit that squashing them gives"],
      ["signpolicy approve origin/main..topic --withdraw --push", "no longer"],
      ["signpolicy approve BASE..TIP --as refs/heads/release/1", "for another branch"],
    ],
  ],
  [
    "explain",
    [
      ["signpolicy explain HEAD", "the commit just made"],
      ["signpolicy explain 9f8e7d6c", "one that a push was refused for"],
      ["signpolicy explain v1.2.0", "a tag"],
      ["signpolicy explain --as refs/heads/main topic", "would it be good enough for main?"],
    ],
  ],
  [
    "report",
    [
      ["signpolicy report --html report.html", "the history of HEAD, for a lead or an auditor"],
      ["signpolicy report --html all.html --all --quiet", "every branch and tag, denials alone on the terminal"],
      ["signpolicy report --html - origin/main | gzip >main.html.gz", "the page to a pipe"],
    ],
  ],
  [
    "doctor",
    [
      ["signpolicy doctor", "why do my commits not come out signed?"],
      ["signpolicy doctor --fix", "mend what can safely be mended, after asking"],
      ["signpolicy doctor --server /srv/git/app.git", "on a server, as the user whose git runs there"],
    ],
  ],
  [
    "resign",
    [
      ["signpolicy resign origin/main", "the commits of this branch that are not on main"],
      ["signpolicy resign --dry-run HEAD~3", "which of the last three would be signed?"],
      ["signpolicy resign --others origin/main", "also those of somebody whose work you vouch for"],
    ],
  ],
  [
    "init",
    [
      ["signpolicy init", "ask, show what will be done, do it"],
      ["signpolicy init --dry-run", "the policy it would write"],
      ["signpolicy init --yes --key ~/.ssh/id_ed25519.pub", "without questions, signing with this key"],
      ["signpolicy init --yes --new-key", "without questions, for who has no key yet"],
    ],
  ],
  [
    "join",
    [
      ["signpolicy join", "ask which key, and prepare the commit that adds it"],
      ["signpolicy join --yes --commit", "without questions, committed on a branch join/NAME"],
    ],
  ],
  [
    "install",
    [
      ["signpolicy install", "husky where the project uses it, else git's own hooks folder"],
      ["signpolicy install --via hooks", "git's hooks folder, whatever the project uses"],
      ["signpolicy install --via config", "git's configuration, beside all of these (git 2.54)"],
      ["signpolicy install --server /srv/git/app.git --policy /etc/signpolicy/app.yaml", "a bare repository"],
      ["signpolicy install --server ~git", "every repository of the gitolite there, and those to come"],
    ],
  ],
  [
    "uninstall",
    [
      ["signpolicy uninstall", "take the hooks out of this clone, keep yours"],
      ["signpolicy uninstall --server /srv/git/app.git", "the same on a server"],
    ],
  ],
  [
    "check-install",
    [
      ["signpolicy check-install", "will the hooks of this clone run?"],
      ["signpolicy check-install --server /srv/git/*.git", "and those of every repository of a server?"],
    ],
  ],
  [
    "hook",
    [
      ["signpolicy hook pre-commit", "what .husky/pre-commit calls"],
      ['signpolicy hook pre-push "$1" "$2"', "what .husky/pre-push calls, with git's lines on stdin"],
      ["signpolicy hook pre-receive", "what a server's hook calls, with git's lines on stdin"],
    ],
  ],
  [
    "policy",
    [
      ["signpolicy policy check", "every mistake in the policy of this work tree"],
      ["signpolicy policy show --format json", "the policy with presets and groups applied"],
      ["signpolicy policy diff origin/main", "what your policy changes, and who may change it"],
      ["signpolicy policy simulate --since v1.0", "what yours would have denied since then, by rule and by person"],
      ["signpolicy policy schema >signpolicy.schema.json", "the JSON Schema, for editors"],
    ],
  ],
  [
    "keys",
    [
      ["signpolicy keys list", "whose keys, and whether they can sign"],
      ["signpolicy keys add 968479A1AFF927E37D1A566BB5690EEEBB952194", "a certificate in gpg's keyring"],
      ["signpolicy keys add ~/.ssh/id_ed25519.pub --principal alice", "an ssh key"],
      ["signpolicy keys add ~/.ssh/new.pub --principal alice --prove", "a further key of your own, proven to be yours"],
      ["signpolicy keys add https://github.com/alice --principal alice", "what a forge has of her"],
      ["signpolicy keys add HEAD~2", "the key that signed this commit"],
      ["signpolicy keys add forge:github", "GitHub's own keys, for its merge button"],
      ["signpolicy keys retire alice", "she has a new one; what the old one signed stays good"],
      ["signpolicy keys blast SHA256:4fKh1dQq --at 2026-02-03T10:00:00Z", "what it signed, and what would fall"],
      ["signpolicy keys revoke SHA256:4fKh1dQq --since 2026-02-03T10:00:00Z", "it was stolen"],
      ["signpolicy keys check --within 30d", "in CI: tell before keys end"],
      ["signpolicy keys export allowed-signers --write", "let plain git log --show-signature agree"],
      ["signpolicy keys export keyring | gpg --import", "the same for OpenPGP keys"],
    ],
  ],
  [
    "record",
    [
      ["signpolicy -C /srv/git/app.git record show", "what landed, and which rules passed it"],
      ["signpolicy -C /srv/git/app.git record verify", "is all of it there, and unchanged?"],
      ["signpolicy -C /srv/git/app.git record export --key ~/.ssh/witness >app.witness", "for verify in clones"],
      ["signpolicy -C /srv/git/app.git record baseline", "count what stands now as judged"],
    ],
  ],
  [
    "watch",
    [
      ["signpolicy watch", "the last thirty days"],
      ["signpolicy watch --since v1.0 --principal alice", "what is alice's since then"],
      ["git fetch --all && signpolicy watch --fail", "in a cron job: exit with 1 when there is anything"],
    ],
  ],
  [
    "completion",
    [
      ['eval "$(signpolicy completion bash)"', "in ~/.bashrc"],
      ['eval "$(signpolicy completion zsh)"', "in ~/.zshrc, after compinit"],
      ["signpolicy completion fish >~/.config/fish/completions/signpolicy.fish", "once"],
    ],
  ],
]);

export function exampleText(command: string): string {
  const examples = EXAMPLES.get(command) ?? [];
  return ["", "Examples:", ...examples.flatMap(([line, purpose]) => [`  $ ${line}`, `      ${purpose}`])].join("\n");
}
