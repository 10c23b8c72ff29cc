/** Whatever bytes a stranger hands over, each reader answers or refuses them, soon, and takes no two texts for one. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { equalBytes, fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";
import { costOf, itHolds } from "../support/fuzz.ts";
import { bitFlip, edits, lineMoves } from "../support/mutations.ts";
import { READERS } from "../support/readers.ts";
import type { HostileReader } from "../support/readers.ts";

const REFUSED = Symbol("refused");

function refusedOr<T>({ refuses }: HostileReader, body: () => T): T | typeof REFUSED {
  try {
    return body();
  } catch (error) {
    if (!refuses.some((known) => error instanceof known)) throw error;
    return REFUSED;
  }
}

const PIECES = [
  "\n",
  " ",
  "\r\n",
  "\0",
  "\xff",
  "=",
  '"',
  "{",
  "[",
  "0".repeat(40),
  "refs/",
  "-----BEGIN ",
  "\x7f\xff\xff\xff",
].map(fromLatin1);

function inputs({ seeds }: HostileReader): fc.Arbitrary<Bytes> {
  const change = fc.oneof(edits(PIECES, seeds), bitFlip, lineMoves(seeds));
  const changed = fc
    .tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([seed, all]) => all.reduce((raw, one) => one(raw), seed));
  return fc.oneof({ weight: 9, arbitrary: changed }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) });
}

describe.each(READERS.map((reader) => [reader.name, reader] as const))("%s", (_, reader) => {
  it("is read where nothing is wrong with it", () => {
    for (const seed of reader.seeds) expect(refusedOr(reader, () => reader.read(seed))).not.toBe(REFUSED);
  });

  itHolds(
    "is read or refused, whatever its bytes are, and stands for nothing but these bytes",
    () =>
      fc.property(inputs(reader), (bytes) => {
        const answer = refusedOr(reader, () => reader.read(bytes));
        if (answer === REFUSED || reader.again === undefined) return;
        if (!equalBytes(reader.again(bytes), bytes)) throw new Error("what was read is not what stands there");
      }),
    { runs: 300 },
  );
});

/** Attack 76: what takes the square of its length keeps a server busy for hours. */
describe("what repeats itself without end", () => {
  const UNITS = [
    ...[
      " ",
      "\t",
      "\n",
      "\r\n",
      "\0",
      "a",
      "0",
      "=",
      "/",
      ".",
      ":",
      "<",
      "(",
      "(<",
      '"',
      '="',
      ',a="',
      "[",
      "{",
      "\\",
      "~/",
    ],
    ...[
      "a ",
      " a",
      "aa\n",
      "a=b\n",
      " 1",
      "%41",
      "../",
      "-----BEGIN ",
      "-----BEGIN PGP SIGNATURE-----\n",
      "gpgsig ",
      "\xff",
    ],
    ...["\ngpgsig x", "# >>> signpolicy >>>\n", "\xc3\xa9", "AAAA"],
  ].map(fromLatin1);
  const BYTES = 128 * 1024;
  /** Squares take minutes, straight lines a few milliseconds. */
  const MOST_MS = 3000;

  it.each(READERS.map((reader) => [reader.name, reader] as const))(
    "takes time in proportion to its length: %s",
    async (_, reader) => {
      for (const unit of UNITS) {
        const many = Buffer.alloc(BYTES, unit);
        for (const [seed, cut] of reader.seeds
          .slice(0, 2)
          .flatMap((one) => cutsOf(one).map((at) => [one, at] as const))) {
          const bytes = Buffer.concat([seed.subarray(0, cut), many, seed.subarray(cut)]);
          const took = await costOf(() => refusedOr(reader, () => reader.read(bytes)));
          if (took > MOST_MS) throw new Error(`${took} ms: ${JSON.stringify(latin1(unit))} at ${cut}`);
        }
      }
    },
    600_000,
  );
});

/** Places where a repetition may do harm: before and behind words and line ends, a few of each. */
function cutsOf(seed: Bytes): readonly number[] {
  const cuts = [0, seed.length];
  for (let at = 1; at < seed.length && cuts.length < 8; at++) {
    const [before, here] = [seed[at - 1] ?? 0, seed[at] ?? 0];
    if (before <= 0x20 !== here <= 0x20) cuts.push(at);
  }
  return cuts;
}
