import { describe, expect, it } from "@jest/globals";
import type { ObjectId, RefName } from "../../../src/model.ts";
import { APPROVED_CAP, type ApprovalContent, parseApproval, renderStatement } from "../../../src/subject/approval.ts";
import { ENVELOPE_CAP, parseEnvelope, preAuthentication, renderEnvelope } from "../../../src/subject/dsse.ts";

const A = "a".repeat(40) as ObjectId;
const B = "b".repeat(40) as ObjectId;
const AT = 1_784_758_165;
const SIGNATURE = Buffer.from("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n");

const content: ApprovalContent = {
  deed: "approve",
  root: A,
  ref: "refs/heads/m\xc3\xa4in" as RefName,
  commits: [
    { tree: B, parents: [A, B] },
    { tree: A, parents: [] },
  ],
  at: AT,
  until: AT + 3600,
};
const wrap = (body: Buffer | string): Buffer => renderEnvelope(Buffer.from(body), "SHA256:x", SIGNATURE);
const edited = (edit: (text: string) => string): Buffer => wrap(edit(renderStatement(content).toString()));

describe("approvals", () => {
  it("come back as they were written, ref bytes and order of parents included", () => {
    const { payload, signatures, kind, ...read } = parseApproval(wrap(renderStatement(content)));
    expect(read).toEqual(content);
    expect(kind).toBe("statement");
    expect(signatures).toEqual([{ format: "ssh", bytes: SIGNATURE }]);
    expect(Buffer.from(payload)).toEqual(Buffer.from(preAuthentication(renderStatement(content))));
  });

  it("are signed in DSSE's pre-authentication encoding", () => {
    expect(Buffer.from(preAuthentication(Buffer.from("hello"))).toString()).toBe(
      "DSSEv1 28 application/vnd.in-toto+json 5 hello",
    );
  });

  it("may be withdrawn by a statement without an end", () => {
    const withdrawal: ApprovalContent = { ...content, deed: "withdraw", until: null };
    expect(parseApproval(wrap(renderStatement(withdrawal)))).toMatchObject({ deed: "withdraw", until: null });
  });

  it.each([
    ["a blank", (text: string) => text.replace(":", ": ")],
    ["a member that stands twice", (text: string) => text.replace('"ref":', '"ref":"refs/heads/x","ref":')],
    ["an unknown member", (text: string) => text.replace('"ref":', '"more":1,"ref":')],
    ["another subject than its commits", (text: string) => text.replace(B, A)],
    ["another predicate", (text: string) => text.replace("approval/v1", "approval/v2")],
    ["a withdrawal that ends", (text: string) => text.replace("approval/v1", "withdrawal/v1")],
    ["an escaped letter", (text: string) => text.replace("refs", "\\u0072efs")],
    ["a time in another zone", (text: string) => text.replace(/Z"/, '+00:00"')],
    ["a short id", (text: string) => text.replaceAll(A, "aaaa")],
    ["no commit", (text: string) => text.replace(/"commits":\[.*?\]\}\]/, '"commits":[]')],
    ["more than ninety days", (text: string) => text.replace(/"until":"2026/, '"until":"2027')],
    ["an end before its date", (text: string) => text.replace(/"until":"2026/, '"until":"2025')],
    ["no object", () => "null"],
    ["bytes that are no UTF-8", (text: string) => `${text}\xff`],
  ])("are refused with %s", (_, edit) => {
    expect(() => parseApproval(edited(edit))).toThrowCode("ERR_PARSE");
  });

  it("are refused with more commits than are read", () => {
    const commits = Array.from({ length: APPROVED_CAP + 1 }, () => ({ tree: A, parents: [A] }));
    expect(() => parseApproval(wrap(renderStatement({ ...content, commits })))).toThrowCode("ERR_PARSE");
  });
});

describe("envelopes", () => {
  const good = wrap("body").toString();

  it("are taken in their one form", () => {
    expect(Buffer.from(parseEnvelope(Buffer.from(good)).body).toString()).toBe("body");
  });

  it.each([
    ["a second signature", good.replace("}]", '},{"keyid":"","sig":""}]')],
    ["no signature", good.replace(/\[.*\]/, "[]")],
    ["another payload type", good.replace("in-toto", "in-tot0")],
    ["base64 that is not canonical", good.replace(/"payload":"([^"]*)=/, '"payload":"$1')],
    ["no line end", good.trimEnd()],
    ["a blank", good.replace(":", ": ")],
    ["a member that stands twice", good.replace('"payload":', '"payload":"","payload":')],
    ["a list in its place", "[]\n"],
    ["nothing", ""],
    ["more bytes than are read", wrap("x".repeat(ENVELOPE_CAP)).toString()],
  ])("are refused with %s", (_, text) => {
    expect(() => parseEnvelope(Buffer.from(text))).toThrowCode("ERR_PARSE");
  });
});
