import { ParseError } from "../errors.ts";
import type { Seconds } from "../model.ts";

const YEAR_0 = -62_167_219_200;
const YEAR_10000 = 253_402_300_800;

/** `2026-07-22T22:09:25Z`. Commits may claim times that no calendar holds; those are written as git does, `@SECONDS`. */
export function formatTime(seconds: Seconds): string {
  if (!(seconds >= YEAR_0 && seconds < YEAR_10000)) return `@${seconds}`;
  return new Date(Math.floor(seconds) * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.0{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Reads an RFC 3339 time with its zone, in whole seconds: `2026-07-22T22:09:25Z`, `2026-07-23T00:09:25+02:00`.
 * A time without a zone would mean another moment on every machine.
 *
 * @throws ParseError on any other form, and on dates and times that do not exist (leap seconds included).
 */
export function parseTime(text: string): Seconds {
  const [, date, clock] = RFC3339.exec(text) ?? [];
  if (date === undefined || clock === undefined) {
    throw new ParseError("time", "is not a time like 2026-07-22T22:09:25Z");
  }
  // Date.parse turns February 30 into March 2: compare with what it understood.
  const plain = new Date(`${date}T${clock}Z`);
  if (Number.isNaN(plain.getTime()) || plain.toISOString() !== `${date}T${clock}.000Z`) {
    throw new ParseError("time", "does not exist in the calendar");
  }
  return Date.parse(text) / 1000;
}
