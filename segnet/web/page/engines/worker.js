// The network has its own thread, so that the page never waits for it.

import * as ort from "../../runtime/ort.wasm.min.mjs";

const THREADS = 4;  // more do not help a network of this size
let addresses = null;
let sizes = null;
let network = null; // promises of sessions
let inside = null;
const dropped = new Set();
let queue = Promise.resolve();

ort.env.wasm.wasmPaths = new URL("../../runtime/", import.meta.url).href;
// One core is left to the page. On two cores, two threads gave 3.7 images a second, and one gave 4.5.
const free = Math.max(1, (navigator.hardwareConcurrency || 2) - 1);
ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(THREADS, free) : 1;
ort.env.logLevel = "error";
const RUNTIME = `WebAssembly, ${ort.env.wasm.numThreads} thread${ort.env.wasm.numThreads > 1 ? "s" : ""}, here`;

self.addEventListener("message", ({ data }) => {
  if (data.drop) dropped.add(data.drop);
  else queue = queue.then(() => answer(data));
});

async function answer({ id, load, ...question }) {
  if (dropped.delete(id)) return;
  try {
    if (load) {
      addresses = load;
      sizes = load.sizes;
      await (network ??= open(addresses.model, true));
      return;
    }
    const [reply, transfer] = question.inside ? await look(question) : await classify(question);
    self.postMessage({ id, ...reply }, transfer);
  } catch (error) {
    if (load) network = null;
    self.postMessage({ id, error: inWords(error) });
  }
}

function inWords(error) {
  const text = String(error?.message ?? error);
  if (/alloc|memory|out of range|RangeError/i.test(text)) return "This device's memory is too small for that: choose the size half above, or a smaller image.";
  return `The network did not run: ${text.split("\n")[0]}`;
}

// Loads the whole file and reports the progress. The runtime and the network are loaded once, and the browser keeps
// them.
async function open(address, tell = false) {
  const total = sizes["model.onnx"] + sizes["runtime/ort-wasm-simd-threaded.wasm"];
  let got = 0;
  const more = (bytes) => tell && self.postMessage({ share: Math.min((got += bytes) / total, 0.99) });
  const wasm = ort.env.wasm.wasmBinary ? null : download(new URL("../../runtime/ort-wasm-simd-threaded.wasm", import.meta.url), more);
  const model = await download(address, more);
  if (wasm) ort.env.wasm.wasmBinary = (await wasm).buffer;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  if (tell) {
    await warmUp(session);
    self.postMessage({ share: 1 });
  }
  return session;
}

async function download(address, more) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} is not there (${response.status}); was the whole folder put on this host?`);
  const parts = [];
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    more(value.length);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

// The first run prepares what later runs use.
async function warmUp(session) {
  await session.run({ pixels: new ort.Tensor("uint8", new Uint8Array(64 * 64 * 4), [1, 64, 64, 4]), size: sizeOf([64, 64]) });
}

const sizeOf = ([height, width]) => new ort.Tensor("int64", BigInt64Array.of(BigInt(height), BigInt(width)), [2]);
const tensorOf = ({ pixels, size }) => new ort.Tensor("uint8", pixels, [1, ...size, 4]);

async function classify(question) {
  const session = await (network ??= open(addresses.model, true));
  const begin = performance.now();
  const found = await session.run({ pixels: tensorOf(question), size: sizeOf(question.out) });
  const [classes, confidence] = [found.classes.data.slice(), found.confidence.data.slice()];
  return [{ classes, confidence, seconds: (performance.now() - begin) / 1000, runtime: RUNTIME }, [classes.buffer, confidence.buffer]];
}

async function look(question) {
  const session = await (inside ??= open(addresses.stages));
  const found = await session.run({ pixels: tensorOf(question) });
  const plain = (data) => (data instanceof BigInt64Array ? Uint32Array.from(data, Number) : data.slice());
  return [{ maps: Object.fromEntries(Object.entries(found).map(([name, { data, dims }]) => [name, { data: plain(data), dims }])) }, []];
}
