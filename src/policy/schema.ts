import * as z from "zod/mini";
import { EXEMPTIBLE_CODES } from "./exemptible.ts";
import {
  choiceField,
  documented,
  emailField,
  integerField,
  labelField,
  listField,
  NAME,
  nameField,
  objectIdField,
  pathField,
  refField,
  textField,
  timeField,
} from "./fields.ts";
import { keySchema } from "./key-schema.ts";
import { DEFAULT_LIMITS, MOST_OBJECT_BYTES } from "./limits.ts";
import { TRUST_MERGES } from "./policy.ts";

/**
 * The shape of a policy file. What one value can get wrong on its own is checked here; what takes two values to see
 * (unknown members, duplicates, an agent without owner) in checks.ts. config/signpolicy.schema.json is made from this.
 */

const principalSchema = documented(
  z.strictObject({
    name: z.optional(labelField({ description: "How people call this principal", examples: ["Alice Example"] })),
    emails: listField(emailField(), "Addresses that belong to this principal and to no other"),
    role: z.optional(
      choiceField(
        ["human", "release", "agent", "bot", "forge"],
        "What kind of signer this is (human unless given); an agent needs an `owner`, a forge is never part of `*`",
      ),
    ),
    owner: z.optional(nameField({ description: "Of an agent: the principal who answers for it", examples: ["alice"] })),
    keys: documented(z.array(keySchema), {
      description: "Every key this principal signs with",
      examples: [[{ openpgp: "keys/alice.asc" }]],
    }),
  }),
  { description: "A person, release key, agent, bot or forge that signs" },
);

const selector = (description: string) =>
  listField(
    textField(
      "a principal, a group, `role:ROLE` or `*`",
      (text) => (/^(?:\*|(?:role:)?[a-z0-9][a-z0-9._-]{0,63})$/.test(text) ? null : "is no principal, group or role"),
      {
        description: 'A principal, a group, `role:bot` and the like, or "*" for every principal but forges',
        examples: ["maintainers"],
      },
    ),
    description,
  );

const enforcement = {
  level: z.optional(choiceField(["error", "warn"], "`warn` reports and lets through (error unless given)")),
  enforceFrom: z.optional(timeField("Before this time findings are warnings")),
};

const commitsSchema = documented(
  z.strictObject({
    signedBy: selector("Who may sign the commits of the ref's first-parent line"),
    side: z.optional(selector("Who may sign what merges bring in (unless given: `signedBy`)")),
    identity: z.optional(
      choiceField(
        ["committer", "author", "both", "none"],
        "Whose e-mail must belong to the signer (committer unless given)",
      ),
    ),
    base: z.optional(
      listField(refField("A pattern for full ref names"), "What the rules of these refs judged counts here, too"),
    ),
    threshold: z.optional(
      integerField(1, 100, {
        description:
          "How many people of `signedBy` must stand behind a commit, as its signer or by `signpolicy approve`",
        examples: [2],
      }),
    ),
    ...enforcement,
  }),
  { description: "What commits must prove" },
);

const allowance = (description: string) => z.optional(choiceField(["deny", "allow"], description));

const tagsSchema = documented(
  z.strictObject({
    signedBy: selector("Who may sign tag objects"),
    identity: z.optional(
      choiceField(["tagger", "none"], "Whose e-mail must belong to the signer (tagger unless given)"),
    ),
    lightweight: allowance("Tags without a tag object (deny unless given)"),
    move: allowance("Pointing an existing tag elsewhere (deny unless given)"),
    delete: allowance("Deleting a tag (deny unless given)"),
    target: z.optional(
      choiceField(
        ["verified", "any"],
        "`verified` (unless given): the commit it points at satisfies the policy; `any`: no matter what it points at",
      ),
    ),
    ...enforcement,
  }),
  { description: "What tag objects must prove; without it tags are not asked for a signature" },
);

const updatesSchema = documented(
  z.strictObject({
    force: allowance("Updates that are no fast-forward (allow without `updates`); deny implies `delete: deny`"),
    delete: allowance("Deleting the ref (allow without `updates`)"),
  }),
  { description: "How the refs may move" },
);

const pushesSchema = documented(
  z.strictObject({
    signedBy: selector("Who may sign pushes"),
    required: z.optional(
      documented(z.boolean(), {
        description: "`true` (unless given): every push is signed; `false`: one that is signed is signed by these",
        examples: [true],
      }),
    ),
    ...enforcement,
  }),
  { description: "What a push must prove by its certificate (git push --signed); needs a nonce seed on the server" },
);

const ruleSchema = documented(
  z.strictObject({
    name: labelField({
      description: "Unique; the record and every report know the rule by it",
      examples: ["protected branches"],
    }),
    refs: z.optional(
      listField(
        refField("A pattern for full ref names"),
        "Which refs the rule governs; `*` stays within a component, `**` crosses them",
      ),
    ),
    paths: z.optional(
      listField(
        pathField("A pattern for paths"),
        "The rule asks only of commits that change one of these; without `refs` on every ref that another rule names at error level",
      ),
    ),
    commits: z.optional(commitsSchema),
    tags: z.optional(tagsSchema),
    updates: z.optional(updatesSchema),
    pushes: z.optional(pushesSchema),
    override: z.optional(
      selector("Who may have a signed push pass against this rule, with a reason (-o signpolicy.override=REASON)"),
    ),
  }),
  {
    description: "Every rule that names a ref or a path must hold",
    anyOf: [{ required: ["refs"] }, { required: ["paths", "commits"] }],
  },
);

const exemptionSchema = documented(
  z.strictObject({
    commit: z.optional(objectIdField("This commit alone")),
    reachableFrom: z.optional(objectIdField("This commit and every ancestor of it")),
    key: z.optional(
      textField(
        "the fingerprint of a key: SHA256:… or capital hexadecimal digits",
        (text) => (/^(?:SHA256:[A-Za-z0-9+/]{43}|[0-9A-F]{40}|[0-9A-F]{64})$/.test(text) ? null : "is no fingerprint"),
        {
          description:
            "A key that is compromised or revoked: what it signed there stands, and nothing else is forgiven",
          examples: ["SHA256:ylvmNrhpOBqBQRVi0S8xv2meWLs/QnN7AztQlZY5UPE"],
        },
      ),
    ),
    reason: labelField({ description: "Why; shown in reports", examples: ["history before signing"] }),
    until: z.optional(timeField("Last moment at which it may newly arrive; what has arrived stands")),
    codes: z.optional(
      listField(
        choiceField(EXEMPTIBLE_CODES, "A verdict code"),
        "What is forgiven (unless given: unsigned, unknown-key)",
      ),
    ),
  }),
  {
    description: "Exactly one of `commit` and `reachableFrom`, and what is forgiven there",
    oneOf: [{ required: ["commit"] }, { required: ["reachableFrom"] }],
  },
);

const memberSchema = documented(
  z.strictObject({
    principal: nameField({ description: "A principal", examples: ["alice"] }),
    from: z.optional(timeField("No member before (inclusive)")),
    until: z.optional(timeField("No member from then on (exclusive)")),
  }),
  {
    description: "A member for a time: whoever signs counts if he was one then and, for what newly arrives, is one now",
    anyOf: [{ required: ["from"] }, { required: ["until"] }],
  },
);

const groupSchema = listField(
  z.union([nameField({ description: "A principal", examples: ["alice"] }), memberSchema]),
  "The principals of this group",
);

const algorithmsSchema = documented(
  z.strictObject({
    rsaBits: z.optional(
      integerField(2048, 16384, { description: "Smallest RSA key (2048 unless given)", examples: [3072] }),
    ),
    hashes: z.optional(
      listField(
        choiceField(["sha256", "sha384", "sha512"], "A hash"),
        "Hashes that signatures and self-signatures may use (all three unless given)",
      ),
    ),
  }),
  { description: "What signatures and the self-signatures of keys must at least use" },
);

const limitField = (least: number, most: number, description: string, usual: number) =>
  z.optional(integerField(least, most, { description: `${description} (${usual} unless given)`, examples: [usual] }));

const limitsSchema = documented(
  z.strictObject({
    objectBytes: limitField(
      4096,
      MOST_OBJECT_BYTES,
      "Most bytes of one commit or tag object",
      DEFAULT_LIMITS.objectBytes,
    ),
    commits: limitField(1, 100_000_000, "Most commits of one push that have to be judged", DEFAULT_LIMITS.commits),
    refs: limitField(1, 1_000_000, "Most refs that one push moves", DEFAULT_LIMITS.refs),
    seconds: limitField(
      1,
      86_400,
      "Most seconds from the start of the server's hook to its verdict",
      DEFAULT_LIMITS.seconds,
    ),
  }),
  { description: "How much one push may ask of the server; more is denied as `resource-limit`" },
);

const administrationSchema = documented(
  z.strictObject({
    rules: selector("Who may change rules, `unmatched`, `algorithms` and `trust.merges`"),
    principals: selector("Who may change principals, their e-mails and roles"),
    keys: selector(
      "Who may change keys, their windows and marks; `self`: everybody his own, to tighten, to renew and to add with a `proof`",
    ),
    exempt: selector("Who may change `trust.exempt`"),
    threshold: z.optional(
      integerField(1, 100, { description: "How many must agree to what loosens (1 unless given)", examples: [2] }),
    ),
  }),
  { description: "Who may change the policy; unless given, the humans in `signedBy` of the rule on the policy's ref" },
);

/** Checked beside the members, not by zod: it would not look at the members of a misnamed one. */
const propertyNames = { pattern: NAME.source };

export const policySchema = z.strictObject({
  $schema: z.optional(
    textField("a URL or path", (text) => (text === "" ? "is empty" : null), {
      description: "Where editors find this schema; not read",
      examples: ["node_modules/signpolicy/config/signpolicy.schema.json"],
    }),
  ),
  version: documented(z.literal(1), { description: "Version of the format" }),
  serial: z.optional(
    integerField(1, Number.MAX_SAFE_INTEGER, {
      description: "Once there, every change of the policy is exactly its parent's + 1",
      examples: [7],
    }),
  ),
  preset: z.optional(choiceField(["baseline", "team", "strict"], "Supplies what the file itself does not say")),
  principals: documented(z.record(z.string(), principalSchema), {
    description: "Everybody who signs, by name",
    propertyNames,
  }),
  groups: z.optional(
    documented(z.record(z.string(), groupSchema), { description: "Names for several principals", propertyNames }),
  ),
  algorithms: z.optional(algorithmsSchema),
  rules: listField(ruleSchema, "What is asked of which refs"),
  unmatched: z.optional(choiceField(["deny", "allow"], "A ref that no rule names (deny unless given)")),
  limits: z.optional(limitsSchema),
  administration: z.optional(administrationSchema),
  forge: z.optional(
    documented(
      z.strictObject({
        squash: z.optional(
          choiceField(
            ["deny", "allow"],
            "`allow`: a forge may sign a commit with one parent whose result was approved (deny unless given)",
          ),
        ),
      }),
      { description: "What a forge's signature is good for, beside merges that hold nothing of their own" },
    ),
  ),
  trust: z.optional(
    documented(
      z.strictObject({
        merges: z.optional(
          choiceField(
            TRUST_MERGES,
            "With a trust root, what need not be judged: nothing (every), the sides of an authenticated merge (vouched), all but the first-parent line (first-parent)",
          ),
        ),
        root: z.optional(
          objectIdField(
            "An administrator's file alone: the commit from which every history must authenticate itself as well",
          ),
        ),
        exempt: z.optional(documented(z.array(exemptionSchema), { description: "What the rules forgive, and where" })),
      }),
      { description: "What is believed without proof" },
    ),
  ),
});

export type PolicyFile = z.infer<typeof policySchema>;
export type PrincipalFile = z.infer<typeof principalSchema>;
export type KeyFile = z.infer<typeof keySchema>;
export type RuleFile = z.infer<typeof ruleSchema>;
export type ExemptionFile = z.infer<typeof exemptionSchema>;
