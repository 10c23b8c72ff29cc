import { Option } from "commander";
import type { Command } from "commander";
import type { Blast } from "../check/keys-blast.ts";
import { EXIT } from "../errors.ts";
import type { Seconds } from "../model.ts";
import { toJson } from "../report/json.ts";
import type { RenderFormat } from "../report/renderer.ts";
import { count, shortId, show, showText } from "../report/show.ts";
import { addPolicyOptions, addWitnessOptions, checkPolicyOptions, formatOption, parseAt } from "./options.ts";
import type { PolicyOptions, WitnessOptions } from "./options.ts";
import type { Context } from "./register.ts";
import { writeOut } from "./streams.ts";

interface Options extends PolicyOptions, WitnessOptions {
  readonly at?: Seconds;
  readonly since?: Seconds;
  readonly format: RenderFormat;
}

export function registerKeysBlast(keys: Command, context: Context): void {
  const command = keys
    .command("blast <key>")
    .description("everything that a key signed, and what would be denied if it were compromised")
    .option("--at <time>", "compromised since then (default: from the beginning)", parseAt)
    .addOption(new Option("--since <time>", "the same").argParser(parseAt).hideHelp());
  addWitnessOptions(addPolicyOptions(command))
    .addOption(formatOption())
    .action(async (key: string, options: Options) => context.exit(await blast(key, options, context)));
}

async function blast(key: string, options: Options, context: Context): Promise<number> {
  const { policy, policyRef } = checkPolicyOptions(options);
  const [{ blastOf }, { readClock }] = await Promise.all([import("../check/keys-blast.ts"), import("../io/clock.ts")]);
  const { witness, witnessKey, at, since } = options;
  const place = { directory: context.folder(), environment: process.env, policy, policyRef, witness, witnessKey };
  const found = await blastOf({ ...place, key, at: at ?? since ?? true, now: readClock() });
  if (options.format === "json") writeOut(`${toJson({ ...found, summary: summaryOf(found) }, 2)}\n`);
  else for (const line of blastLines(found)) writeOut(`${line}\n`);
  return EXIT.allowed;
}

function summaryOf({ commits, tags, approvals, alsoFall, policyChanges, broughtIn }: Blast) {
  const falls = (list: Blast["commits"]): number => list.filter((one) => one.falls).length;
  return {
    commits: { signed: commits.length, fall: falls(commits) },
    tags: { signed: tags.length, fall: falls(tags) },
    approvals: approvals.length,
    alsoFall: {
      commits: alsoFall.filter(({ kind }) => kind === "commit").length,
      tags: alsoFall.filter(({ kind }) => kind === "tag").length,
    },
    policyChanges: policyChanges.length,
    broughtIn: { keys: broughtIn.length, fall: broughtIn.filter(({ falls }) => falls).length },
  };
}

const signerOf = ({ by }: Blast["alsoFall"][number]): string =>
  by === null ? "nobody who counts" : `${by.fingerprint} of ${showText(by.principal)}`;

const SHOWN_REFS = 4;

function refsOf(refs: readonly string[]): string {
  const shown = refs.slice(0, SHOWN_REFS).map((ref) => show(ref));
  return refs.length > SHOWN_REFS ? `${shown.join(", ")} and ${refs.length - SHOWN_REFS} more` : shown.join(", ");
}

function blastLines(found: Blast): readonly string[] {
  const { key, otherKeys, compromised, commits, tags, approvals, alsoFall, policyChanges, broughtIn } = found;
  const object = (kind: string, { oid, title, signedAt, refs, falls }: Blast["commits"][number]): string =>
    `${falls ? "falls" : "     "} ${kind} ${shortId(oid)} ${signedAt ?? "undated"} "${show(title, 60)}" ${refsOf(refs)}`;
  const summary = summaryOf(found);
  const since = compromised === true ? "from the beginning" : `since ${compromised}`;
  const fallen = [
    `${summary.commits.fall} of ${count(commits.length, "commit")}`,
    `${summary.tags.fall} of ${count(tags.length, "tag")}`,
  ];
  const { commits: moreCommits, tags: moreTags } = summary.alsoFall;
  const more = [count(moreCommits, "commit"), count(moreTags, "tag")].filter((words) => !words.startsWith("0 "));
  return [
    `${key.format} key ${key.fingerprint} of ${showText(key.principal)}`,
    ...key.subkeys.map((subkey) => `      with its subkey ${subkey}`),
    ...otherKeys.map(
      ({ fingerprint, format, falls }) =>
        `${falls ? "falls" : "     "} ${showText(key.principal)} has another, ${format} key ${fingerprint}`,
    ),
    ...commits.map((commit) => object("commit", commit)),
    ...tags.map((tag) => object("tag", tag)),
    ...approvals.map(
      ({ oid, deed, ref, at, commits: named }) =>
        `      ${deed === "approve" ? "approval" : "withdrawal"} ${shortId(oid)} ${at} of ${count(named, "commit")} for ${show(ref)}`,
    ),
    ...policyChanges.flatMap(({ oid, changes }) =>
      changes.map((change) => `      policy change ${shortId(oid)}: ${showText(change)}`),
    ),
    ...broughtIn.map(
      ({ principal, fingerprint, falls }) =>
        `${falls ? "falls" : "     "} brought in ${fingerprint} of ${showText(principal)}`,
    ),
    ...alsoFall.map((one) => `${object(one.kind, one)}, by ${signerOf(one)}`),
    `compromised ${since}, ${fallen.join(" and ")} would be denied; ${count(approvals.length, "approval")} would no longer count`,
    ...(more.length === 0 ? [] : [`with what others signed: ${more.join(" and ")} more`]),
  ];
}
