// The tab Camera: the newest frame goes to the server as soon as the last one is back; all others are dropped.

import { post } from "./api.js";
import { openCamera } from "./devices.js";
import { $, element, milliseconds, say, swatch } from "./dom.js";
import { shownAs } from "./image.js";
import { form, modelOf } from "./settings.js";
import { View } from "./view.js";

let stop = null;

export function startCamera() {
  $("camera-toggle").addEventListener("click", () => (stop ? end() : begin()));
  document.addEventListener("visibilitychange", () => document.hidden && stop && end());
}

export function end() {
  stop?.();
  stop = null;
  $("camera-toggle").textContent = "Start the camera";
}

async function begin() {
  let off;
  try {
    off = await openCamera($("camera-video"));
  } catch (error) {
    say(error.message);
    return;
  }
  let live = true;
  let came = 0;
  stop = () => {
    live = false;
    off();
  };
  $("camera-toggle").textContent = "Stop the camera";
  const count = () => {
    came++;
    if (live) $("camera-video").requestVideoFrameCallback(count);
  };
  $("camera-video").requestVideoFrameCallback(count);
  await loop(() => live, () => came);
}

async function loop(isLive, frames) {
  const video = $("camera-video");
  const view = new View($("camera").querySelector(".view"));
  const since = performance.now();
  let done = 0;
  while (isLive()) {
    const photo = element("canvas", { width: video.videoWidth, height: video.videoHeight });
    photo.getContext("2d").drawImage(video, 0, 0);
    const blob = await new Promise((resolve) => photo.toBlob(resolve, "image/jpeg", 0.9));
    try {
      const sent = performance.now();
      const url = URL.createObjectURL(await (await post("api/mask", form("image", blob), { patient: false })).blob());
      await draw(view, photo, url);
      done++;
      const rate = done / ((performance.now() - since) / 1000);
      const dropped = Math.max(0, frames() - done);
      $("camera-facts").textContent =
        `${rate.toFixed(1)} frames a second, ${milliseconds((performance.now() - sent) / 1000)} each; ` +
        `${done} segmented, ${dropped} dropped`;
    } catch (error) {
      // A frame that finds the server busy is dropped like the others.
      if (error.status === 503) await new Promise((resolve) => setTimeout(resolve, 200));
      else if (isLive()) {
        say(error.message);
        end();
      }
    }
  }
}

async function draw(view, photo, url) {
  const model = modelOf($("model").value);
  const classes = model.classes.map((name, i) => ({ name, color: model.colors[i] }));
  nameColors(classes);
  const result = { classes, width: photo.width, height: photo.height };
  const mask = await indices(url, model.colors);
  URL.revokeObjectURL(url);
  Object.assign(view, { photo, result, mask });
  view.resize(photo.width, photo.height);
  view.draw({ ...shownAs(), layer: "classes" });
}

function nameColors(classes) {
  if ($("camera-legend").dataset.model === $("model").value) return;
  $("camera-legend").dataset.model = $("model").value;
  $("camera-legend").replaceChildren(...classes.map(({ name, color }) => element("li", {}, swatch(color), name)));
}

// The mask's PNG has the classes' colours as its palette; a browser shows colours, not indices.
async function indices(url, colors) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = element("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const known = new Map(colors.map(([r, g, b], i) => [(r << 16) | (g << 8) | b, i]));
  const mask = new Uint8Array(canvas.width * canvas.height);
  for (let i = 0; i < mask.length; i++) mask[i] = known.get((pixels[4 * i] << 16) | (pixels[4 * i + 1] << 8) | pixels[4 * i + 2]) ?? 0;
  return mask;
}
