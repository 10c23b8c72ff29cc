import * as z from "zod/mini";
import { documented, filePathProblem, labelField, listField, textField, timeField } from "./fields.ts";
import { isInlineKey } from "./inline-key.ts";

/** The shape of a key of the policy. */

const keyText = (description: string, example: string) =>
  textField("a path beside the policy, or the key itself", keyProblem, {
    description,
    examples: [example],
    minLength: 1,
  });

function keyProblem(text: string): string | null {
  return isInlineKey(text) ? null : filePathProblem(text);
}

const compromised = documented(
  z.union([z.literal(true), timeField("When the key fell into other hands")], {
    error: "is neither `true` nor a time",
  }),
  {
    description:
      "Only what a receive record shows received before this time stands; `true`: nothing this key ever signed",
    examples: [true, "2026-02-03T10:00:00Z"],
  },
);

const namespaces = listField(
  textField("a namespace of SSH signatures, such as git", namespaceProblem, {
    description: "A namespace as in `ssh-keygen -Y sign -n`",
    examples: ["git"],
    minLength: 1,
  }),
  'SSH only: signatures of which namespaces count; ["git"] unless given',
);

function namespaceProblem(text: string): string | null {
  // PROTOCOL.sshsig §3 allows any string; allowed_signers separates them by commas
  return /^[\x21-\x2b\x2d-\x7e]{1,64}$/.test(text) ? null : "is no namespace";
}

export const keySchema = documented(
  z.strictObject({
    openpgp: z.optional(keyText("An OpenPGP certificate: path of a file, or an armored block", "keys/alice.asc")),
    ssh: z.optional(keyText("An SSH public key: one line, or path of a .pub file", "ssh-ed25519 AAAA… alice@laptop")),
    sshCa: z.optional(keyText("An SSH CA whose certificates count: one line, or path of a .pub file", "keys/ca.pub")),
    from: z.optional(timeField("Nothing this key signed earlier counts (inclusive)")),
    until: z.optional(timeField("Nothing this key signed from then on counts (exclusive)")),
    retired: z.optional(timeField("What it signed before stays good; nothing new")),
    compromised: z.optional(compromised),
    confirmed: z.optional(
      timeField(
        "When a holder of `keys` said that the key is sound (`signpolicy keys confirm`): it then stands whoever brought it in",
      ),
    ),
    namespaces: z.optional(namespaces),
    principals: z.optional(
      listField(
        labelField({ description: "A name in a certificate", examples: ["alice@example.org"] }),
        "sshCa only: a certificate must carry one of these names; the principal's e-mails unless given",
      ),
    ),
    proof: z.optional(
      textField(
        "an armored signature",
        (text) => (/^\s*-----BEGIN (?:SSH|PGP) SIGNATURE-----\r?\n/.test(text) ? null : "is no armored signature"),
        {
          description:
            "What the key itself signed to say whose it is (`signpolicy keys add --prove`); with `self` its owner may then add it",
          examples: ["-----BEGIN SSH SIGNATURE-----\n…"],
        },
      ),
    ),
  }),
  {
    description: "One key: exactly one of `openpgp`, `ssh`, `sshCa`, and the policy's limits on it",
    oneOf: [{ required: ["openpgp"] }, { required: ["ssh"] }, { required: ["sshCa"] }],
  },
);
