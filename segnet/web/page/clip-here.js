// The tab Clip with the network in this browser: frames are segmented first, then played beside their classes.

import { $, element, say } from "./dom.js";
import { shownAs } from "./image.js";
import { chosen, drawnClasses, modelOf } from "./settings.js";
import { View } from "./view.js";

const RATE = 10;  // frames a second that go through the network
const MOST = 600;  // frames, because their classes stay in memory
const SIDE = 480;  // pixels of the longer side of the kept maps
let stop = () => {};

export function startClip(classesOf) {
  $("clip-what").textContent =
    `Any clip that this browser plays: up to ${MOST / RATE} s of it, ${RATE} frames of each second. ` +
    "Every frame goes through the network first; then the clip plays beside its classes.";
  $("clip-file").addEventListener("change", (event) => {
    if (event.target.files.length) open(event.target.files[0], classesOf);
    event.target.value = "";
  });
  $("clip").addEventListener("drop", (event) => event.dataTransfer.files.length && open(event.dataTransfer.files[0], classesOf));
  $("clip-cancel").addEventListener("click", () => stop("Cancelled."));
}

async function open(file, classesOf) {
  stop("");
  say("");
  const url = URL.createObjectURL(file);
  let live = true;
  stop = (text) => {
    live = false;
    URL.revokeObjectURL(url);
    show({ state: text, working: false });
    $("clip-result").hidden = $("clip-classes").hidden = true;
    $("clip-result").removeAttribute("src");
  };
  try {
    const video = await loaded(url);
    const frames = Math.min(MOST, Math.max(1, Math.floor(video.duration * RATE)));
    const begin = performance.now();
    const masks = await segmented(video, frames, classesOf, () => live, begin);
    if (!live) return;
    const cut = video.duration * RATE > MOST + 1 ? ` Only the first ${MOST / RATE} s: more would not fit in memory.` : "";
    show({ state: `Done: ${frames} frames in ${((performance.now() - begin) / 1000).toFixed(1)} s.${cut}`, working: false });
    play(url, masks, () => live);
  } catch (error) {
    if (!live) return;
    stop("");
    say(error.message);
  }
}

async function loaded(url) {
  const video = element("video", { preload: "auto", muted: true, playsInline: true, src: url });
  await new Promise((resolve, reject) => {
    video.addEventListener("loadeddata", resolve, { once: true });
    video.addEventListener("error", () => reject(new Error("This browser cannot play that file. MP4 with H.264 and WebM work in most.")), { once: true });
  });
  if (!Number.isFinite(video.duration)) throw new Error("That clip does not say how long it is; save it again with another program.");
  return video;
}

async function segmented(video, frames, classesOf, isLive, begin) {
  const scale = Math.min(1, SIDE / Math.max(video.videoWidth, video.videoHeight));
  const size = { width: Math.max(1, Math.round(video.videoWidth * scale)), height: Math.max(1, Math.round(video.videoHeight * scale)) };
  const canvas = element("canvas", size);
  const masks = Object.assign([], size);
  for (let i = 0; i < frames && isLive(); i++) {
    video.currentTime = (i + 0.5) / RATE;
    await new Promise((resolve) => video.addEventListener("seeked", resolve, { once: true }));
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    masks.push(await classesOf(canvas, chosen()));
    const left = ((performance.now() - begin) / 1000 / (i + 1)) * (frames - i - 1);
    if (isLive()) show({ state: `Frame ${i + 1} of ${frames}, ${Math.ceil(left)} s left`, share: (i + 1) / frames, working: true });
  }
  return masks;
}

// The film with its controls, and beside it the current frame under its classes.
function play(url, masks, isLive) {
  const video = $("clip-result");
  const model = modelOf($("model").value);
  const view = new View({ querySelector: (name) => (name === "canvas" ? $("clip-classes") : null) });
  Object.assign(view, { photo: video, result: { classes: drawnClasses(model), ...masks } });
  view.resize(masks.width, masks.height);
  const draw = (_, { mediaTime }) => {
    if (!isLive()) return;
    view.mask = masks[Math.min(Math.floor(mediaTime * RATE), masks.length - 1)];
    view.draw({ ...shownAs(), layer: "classes" });
    video.requestVideoFrameCallback(draw);
  };
  video.requestVideoFrameCallback(draw);
  video.src = url;
  video.hidden = false;
  video.play().catch(() => {});
}

function show({ state, share, working }) {
  $("clip-state").textContent = state;
  $("clip-progress").hidden = $("clip-cancel").hidden = !working;
  $("clip-bar").value = share ?? 0;
}
