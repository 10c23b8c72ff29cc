/** The text of a first policy: written for people to read and go on from. */
import { Document, isScalar, visit } from "yaml";

export interface ProposedPrincipal {
  readonly id: string;
  readonly name: string | null;
  readonly emails: readonly string[];
  readonly role: "human" | "forge";
  readonly keys: readonly Readonly<Record<string, string | readonly string[]>>[];
}

export interface Proposal {
  readonly principals: readonly ProposedPrincipal[];
  /** Branches that nobody rewrites. */
  readonly protected: readonly string[];
  readonly forges: readonly string[];
  /** Where an editor finds the schema, as seen from the policy; null where nothing of ours lies in the project. */
  readonly schema: string | null;
  readonly exempt: { readonly reachableFrom: string; readonly codes: readonly string[] } | null;
}

/** The policy as plain data, in the order in which it is written. */
export function policyData({ principals, protected: refs, forges, exempt }: Proposal) {
  const people = principals.filter(({ role }) => role === "human").map(({ id }) => id);
  // Who may not sign here works on branches, and is merged by who may.
  const side = ["*", ...forges];
  return {
    version: 1,
    serial: 1,
    principals: Object.fromEntries(
      principals.map(({ id, name, emails, role, keys }) => [
        id,
        { ...(name === null ? {} : { name }), emails, ...(role === "human" ? {} : { role }), keys },
      ]),
    ),
    groups: { maintainers: people },
    rules: [
      {
        name: "protected branches",
        refs,
        commits: { signedBy: ["maintainers", ...forges], side },
        updates: { force: "deny", delete: "deny" },
      },
      { name: "releases", refs: ["refs/tags/**"], tags: { signedBy: ["maintainers"] } },
      { name: "every branch", refs: ["refs/heads/**"], commits: { signedBy: ["*", ...forges] } },
    ],
    unmatched: "deny",
    ...(exempt === null
      ? {}
      : {
          trust: {
            exempt: [
              {
                reachableFrom: exempt.reachableFrom,
                reason: "history before signing",
                ...(exempt.codes.length === 0 ? {} : { codes: exempt.codes }),
              },
            ],
          },
        }),
  };
}

export function renderJson(proposal: Proposal): string {
  const { schema } = proposal;
  return `${JSON.stringify({ ...(schema === null ? {} : { $schema: schema }), ...policyData(proposal) }, null, 2)}\n`;
}

const COMMENTS: Readonly<Record<string, string>> = {
  serial: " every change of this file raises it by one",
  principals: " who signs; add people with: signpolicy keys add SOURCE --principal NAME",
  groups: " who may sign on protected branches, and change this file",
  rules: " what is asked of which refs; every rule that names a ref must hold",
  unmatched: " what happens to refs that no rule names",
  trust: " what is forgiven, and why",
};

export function renderYaml(proposal: Proposal): string {
  const document = new Document(policyData(proposal));
  visit(document, {
    Pair: (_, { key }) => {
      const name = isScalar(key) ? String(key.value) : "";
      // Names of people could be the same words.
      if (isScalar(key) && COMMENTS[name] !== undefined && document.has(name) && isTop(document, key)) {
        key.commentBefore = COMMENTS[name];
        key.spaceBefore = name !== "serial";
      }
    },
    Seq: (_, seq) => {
      if (seq.items.length > 0 && seq.items.every((item) => isScalar(item))) seq.flow = true;
    },
  });
  const head = proposal.schema === null ? "" : `# yaml-language-server: $schema=${proposal.schema}\n`;
  return `${head}${document.toString({ lineWidth: 0, flowCollectionPadding: false })}`;
}

const isTop = (document: Document, key: unknown): boolean =>
  (document.contents as { items?: readonly { key: unknown }[] } | null)?.items?.some((pair) => pair.key === key) ??
  false;
