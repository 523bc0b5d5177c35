// The engine that runs in the visitor's browser. No image leaves their machine.

import { startClip } from "../clip-here.js";
import { progress } from "../dom.js";
import { heat } from "../view.js";
import { indexPng } from "./png.js";

const WORKING_SIDE = 1600;  // pixels of the longer side to which a larger image is shrunk
const STAGES_SIDE = 640;
const FACTORS = { trained: 1, half: 0.5, double: 2 };
const CODE_COLORS = [[0, 114, 178], [230, 159, 0], [0, 158, 115], [204, 121, 167]];
const MAPS = ["activation", "codes", "unpooled", "decoded", "unpooled_without", "decoded_without"];
// A module with one vector instruction. A browser that accepts it has WebAssembly with SIMD.
const SIMD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

let site = null;
let worker = null;
let asked = 0;
const waiting = new Map();

async function offer() {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) {
    throw new Error("This browser has no WebAssembly with SIMD, which the network needs. Firefox, Chrome, Edge and Safari of 2023 or later have it.");
  }
  const response = await fetch("site.json");
  if (!response.ok) throw new Error("site.json is not there: was the whole folder put on this host?");
  site = await response.json();
  rememberOffline();
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }) => answered(data));
  worker.addEventListener("error", () => giveUp("The network's program cannot be loaded. Reload the page; an ad blocker or a full disk may be in the way."));
  const bytes = Object.fromEntries(Object.entries(site.files).map(([path, { bytes: size }]) => [path, size]));
  worker.postMessage({ id: 0, load: { model: new URL("model.onnx", location.href).href, stages: new URL("stages.onnx", location.href).href, sizes: bytes } });
  return { models: [site.model], autoencoders: [], backends: [], samples: site.samples, limits: site.limits };
}

// A second visit needs no network. It has threads, since the service worker adds the headers that browsers ask for.
function rememberOffline() {
  if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
  navigator.serviceWorker.register("sw.js").catch(() => {});
}

function answered({ id, share, error, ...answer }) {
  if (share !== undefined) {
    progress(share < 1 ? `Loading the network, ${Math.round(100 * share)} %` : "", share);
    return;
  }
  const { resolve, reject } = waiting.get(id) ?? {};
  waiting.delete(id);
  if (error && !reject) giveUp(error);
  else if (error) reject(new Error(error));
  else resolve?.(answer);
}

function giveUp(sentence) {
  progress("", 1);
  for (const { reject } of waiting.values()) reject(new Error(sentence));
  waiting.clear();
}

function ask(question, transfer, signal) {
  return new Promise((resolve, reject) => {
    const id = ++asked;
    waiting.set(id, { resolve, reject });
    signal?.addEventListener("abort", () => {
      if (!waiting.delete(id)) return;
      worker.postMessage({ drop: id });
      reject(new DOMException("stopped", "AbortError"));
    });
    worker.postMessage({ id, ...question }, transfer);
  });
}

// [height, width] at which the network sees an image: its proportions, with about the wanted number of pixels.
function networkSize(size, height, width) {
  if (size === "own") return [height, width];
  const [h, w] = site.model.size;
  const scale = FACTORS[size] * Math.sqrt((h * w) / (height * width));
  return [Math.max(16, Math.round(height * scale)), Math.max(16, Math.round(width * scale))];
}

function fitted(photo, side) {
  const scale = Math.min(1, side / Math.max(photo.width, photo.height));
  return [Math.max(1, Math.round(photo.height * scale)), Math.max(1, Math.round(photo.width * scale))];
}

// RGBA bytes of anything that a canvas draws, at [height, width].
function pixelsAt(photo, [height, width]) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  // A transparent image is drawn on white, as on paper.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(photo, 0, 0, width, height);
  return new Uint8Array(context.getImageData(0, 0, width, height).data.buffer);
}

async function run(photo, chosen, out, signal) {
  const size = networkSize(chosen.size, ...out);
  const pixels = pixelsAt(photo, size);
  return { size, ...(await ask({ pixels, size, out }, [pixels.buffer], signal)) };
}

async function segment(file, photo, chosen, signal) {
  const [height, width] = fitted(photo, WORKING_SIDE);
  const found = await run(photo, chosen, [height, width], signal);
  const counts = new Uint32Array(256);
  for (const index of found.classes) counts[index]++;
  const classes = site.model.classes.map((name, i) => ({ name, color: site.model.drawing_colors[i], share: counts[i] / found.classes.length }));
  return {
    model: site.model.name, height, width, classes, mask: found.classes, probability: found.confidence, uncertainty: null,
    mean_uncertainty: null, network_size: found.size, seconds: found.seconds, runtime: found.runtime,
  };
}

async function classes(canvas, chosen) {
  return (await run(canvas, chosen, [canvas.height, canvas.width])).classes;
}

// The mask has the image's own size, as with the other commands.
async function maskFile(file, photo, chosen) {
  const [height, width] = fitted(photo, WORKING_SIDE);
  const { classes: small } = await run(photo, chosen, [height, width]);
  const mask = new Uint8Array(photo.width * photo.height);
  for (let y = 0; y < photo.height; y++) {
    const row = Math.floor((y * height) / photo.height) * width;
    for (let x = 0; x < photo.width; x++) mask[y * photo.width + x] = small[row + Math.floor((x * width) / photo.width)];
  }
  return indexPng(mask, photo.width, photo.height, site.model.colors);
}

async function stages(file, photo, chosen) {
  let [height, width] = networkSize(chosen.size, photo.height, photo.width);
  const scale = Math.min(1, STAGES_SIDE / Math.max(height, width));
  [height, width] = [Math.max(16, Math.round(height * scale)), Math.max(16, Math.round(width * scale))];
  const pixels = pixelsAt(photo, [height, width]);
  const image = colored(pixels, width, height, null);
  const { maps } = await ask({ pixels, size: [height, width], inside: true }, [pixels.buffer]);
  const mask = maps.classes.data;
  const without = maps.classes_without.data;
  let changed = 0;
  for (let i = 0; i < mask.length; i++) changed += mask[i] !== without[i];
  const inferno = Array.from({ length: 256 }, (_, level) => heat(level / 255));
  const levels = Object.keys(maps).filter((name) => name.startsWith("channels")).length;
  return {
    height, width, changed: changed / mask.length,
    whole: [image, colored(mask, width, height, site.model.colors), colored(without, width, height, site.model.colors)],
    stages: Array.from({ length: levels }, (_, level) => {
      const [, h, w] = maps[`activation${level}`].dims;
      const strip = (name) => {
        const { data, dims } = maps[`${name}${level}`];
        return [name, colored(data, dims[2], dims[0] * dims[1], name === "codes" ? CODE_COLORS : inferno)];
      };
      return { height: h, width: w, changed: maps[`change${level}`].data[0], channels: [...maps[`channels${level}`].data], maps: Object.fromEntries(MAPS.map(strip)) };
    }),
  };
}

// A canvas of levels in the colours of a palette or, without one, of RGBA bytes.
function colored(values, width, height, palette) {
  const image = new ImageData(width, height);
  if (palette) {
    for (let i = 0; i < values.length; i++) image.data.set([...palette[values[i]], 255], 4 * i);
  } else {
    image.data.set(values);
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

export const engine = { offer, segment, classes, maskFile, stages, startClip: () => startClip(classes), isHere: true };
