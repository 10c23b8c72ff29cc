/** What a verifying thread runs: it answers batches of raw checks until it is ended. It knows no policy and no repository. */
import type { KeyObject } from "node:crypto";
import { parentPort } from "node:worker_threads";
import { verifyHere } from "../signature/raw.ts";
import { unpackBatch, type RawBatch } from "./raw-batch.ts";

const keys: KeyObject[] = [];

parentPort?.on("message", (batch: RawBatch) => {
  keys.push(...batch.keys);
  const answers = new Uint8Array(batch.count);
  let index = 0;
  for (const check of unpackBatch(batch, keys)) answers[index++] = verifyHere(check) ? 1 : 0;
  parentPort?.postMessage(answers, [answers.buffer]);
});
