// node floor.mjs REPOSITORY CHECKS: the least that any verifier in node must do. It streams every commit of main from
// `git cat-file --batch` and looks at none, and does the raw verifications on both cores, prepared to the last byte.
import { spawn } from "node:child_process";
import { verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { unpackChecks } from "./raw-checks.mjs";

const PIECE = 32;
const [repository, file] = isMainThread ? process.argv.slice(2) : [null, workerData.file];
const checks = unpackChecks(readFileSync(file));

/** Both threads take pieces from one counter until none is left. */
const counter = new Int32Array(isMainThread ? new SharedArrayBuffer(4) : workerData.counter);
function takePiece() {
  const from = Atomics.add(counter, 0, PIECE);
  for (const { key, hash, message, signature } of checks.slice(from, from + PIECE)) {
    if (!verify(hash, message, key, signature)) throw new Error("the floor found a bad signature");
  }
  return from < checks.length;
}

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { file, counter: counter.buffer } });
  const ended = new Promise((resolve) => worker.once("message", resolve));
  const list = spawn("git", ["-C", repository, "rev-list", "--topo-order", "--reverse", "main"]);
  const objects = spawn("git", ["-C", repository, "cat-file", "--batch"]);
  list.stdout.pipe(objects.stdin);
  let bytes = 0;
  objects.stdout.on("data", (chunk) => (bytes += chunk.length));
  const streamed = new Promise((resolve) => objects.once("close", resolve));
  await new Promise((resolve) => {
    const next = () => (takePiece() ? setImmediate(next) : resolve());
    next();
  });
  await Promise.all([ended, streamed]);
  if (bytes === 0) throw new Error("the floor read nothing");
  process.exit(0);
} else {
  while (takePiece());
  parentPort.postMessage("done");
}
