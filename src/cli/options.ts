import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { parseTime } from "../encoding/time.ts";
import { ParseError, UsageError } from "../errors.ts";
import { statusOf } from "../io/file-status.ts";
import type { Seconds } from "../model.ts";
import { FORMATS, REPORT_FORMATS } from "../report/formats.ts";
import type { RenderFormat, ReportFormat } from "../report/renderer.ts";
import * as say from "./messages.ts";

export interface ReportOptions {
  readonly format: ReportFormat;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export interface PolicyOptions {
  readonly policy?: string | undefined;
  readonly policyRef?: string | undefined;
}

export const formatOption = (): Option =>
  new Option("--format <format>", FORMATS.join(" or ")).default("text").argParser(parseFormat);

export function addReportOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--format <format>", "what to print")
        .choices(REPORT_FORMATS)
        .default("text")
        .argParser(parseReportFormat),
    )
    .option("-q, --quiet", "print denials only")
    .option("-v, --verbose", "print every subject, none left out");
}

export function addPolicyOptions(command: Command): Command {
  return command
    .option("--policy <file>", "judge by this policy file, an administrator's choice")
    .option("--policy-ref <ref>", "judge by the policy in this ref's tree, as it stands now");
}

export interface WitnessOptions {
  readonly witness?: string | undefined;
  readonly witnessKey?: string | undefined;
}

export function addWitnessOptions(command: Command): Command {
  return command
    .option("--witness <file>", "what a server exported of its record: what it received before a key was compromised")
    .option("--witness-key <file>", "the public key that the export must be signed with");
}

export const parseFormat = (text: string): RenderFormat => parseOne(text, FORMATS);

export const parseReportFormat = (text: string): ReportFormat => parseOne(text, REPORT_FORMATS);

function parseOne<T extends string>(text: string, formats: readonly T[]): T {
  const found = formats.find((format) => format === text);
  if (found === undefined) throw new UsageError(say.unknownFormat(text), { hint: say.formatsAre(formats) });
  return found;
}

export function parseAt(text: string): Seconds {
  try {
    return parseTime(text);
  } catch (cause) {
    if (cause instanceof ParseError) throw new UsageError(say.badTime(text), { hint: say.timeLooksLike, cause });
    throw cause;
  }
}

const DURATION: Readonly<Record<string, Seconds>> = {
  h: 3600,
  d: 86_400,
  w: 7 * 86_400,
  m: 30 * 86_400,
  y: 365 * 86_400,
};

/** `30d`, `12h`, `4w`, `6m`, `1y`. */
export function parseDuration(text: string): Seconds {
  const [, count, unit = ""] = /^(\d{1,5})([hdwmy])$/.exec(text) ?? [];
  if (count === undefined) throw new UsageError(say.badDuration(text), { hint: say.durationLooksLike });
  return Number(count) * (DURATION[unit] ?? 0);
}

/** For an option that may be given several times. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** @throws UsageError when both are given: which of the two governs must not be a guess. */
export function checkPolicyOptions(options: PolicyOptions): PolicyOptions {
  if (options.policy !== undefined && options.policyRef !== undefined) throw new UsageError(say.policyTwice);
  return options;
}

/** Several `-C` add up, as git's do. */
export function parseFolder(text: string, before: string | undefined): string {
  const folder = resolve(before ?? process.cwd(), text);
  if (statusOf(folder)?.isDirectory() !== true) throw new UsageError(say.noSuchFolder(text));
  return folder;
}
