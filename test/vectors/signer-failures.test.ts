import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { classifySignerFailure } from "../../src/check/signer-failure.ts";
import { headValue, readVectors } from "../support/vectors.ts";

const vectors = readVectors(fileURLToPath(new URL("signer-failures", import.meta.url)), ["format", "status"]);

describe("the cause of a signer's failure", () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))("is told from what it printed: %s", (_, vector) => {
    const format = headValue(vector, "format") === "ssh" ? "ssh" : "openpgp";
    const failure = classifySignerFailure({
      format,
      program: format === "ssh" ? "ssh-keygen" : "gpg",
      key: "KEY",
      status: Number(headValue(vector, "status")),
      secret: null,
      started: true,
      timedOut: false,
      output: vector.body.toString("latin1"),
    });
    const captured = headValue(vector, "source").startsWith("captured");
    expect([failure.cause, failure.verified]).toEqual([headValue(vector, "expect"), captured]);
    expect(failure.fix).not.toBe("");
  });

  it("is the program's absence or its silence where it printed nothing", () => {
    const run = { format: "ssh", program: "op-ssh-sign", key: "K", secret: null, status: null, output: "" } as const;
    expect(classifySignerFailure({ ...run, started: false, timedOut: false }).cause).toBe("program-missing");
    expect(classifySignerFailure({ ...run, started: true, timedOut: true }).cause).toBe("timeout");
  });
});
