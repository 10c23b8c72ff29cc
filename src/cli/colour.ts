import { isatty } from "node:tty";

/** Colour is for people: a terminal, and NO_COLOR (no-color.org) unset or empty. */
export const wantsColour = (): boolean =>
  isatty(1) && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
