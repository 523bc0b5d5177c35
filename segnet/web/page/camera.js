// The tab Camera: the newest frame goes to the network when the last result is back. All other frames are dropped.

import { openCamera } from "./devices.js";
import { $, element, milliseconds, say, swatch } from "./dom.js";
import { engine } from "./engine.js";
import { shownAs } from "./image.js";
import { chosen, drawnClasses, modelOf } from "./settings.js";
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
    try {
      const sent = performance.now();
      const model = modelOf($("model").value);
      draw(view, photo, model, await engine.classes(photo, chosen(), model.colors));
      done++;
      const rate = done / ((performance.now() - since) / 1000);
      const dropped = Math.max(0, frames() - done);
      $("camera-facts").textContent =
        `${rate.toFixed(1)} frames a second, ${milliseconds((performance.now() - sent) / 1000)} each; ` +
        `${done} segmented, ${dropped} dropped`;
    } catch (error) {
      // If the server is busy, the frame is dropped like the others.
      if (error.status === 503) await new Promise((resolve) => setTimeout(resolve, 200));
      else if (isLive()) {
        say(error.message);
        end();
      }
    }
  }
}

function draw(view, photo, model, mask) {
  const classes = drawnClasses(model);
  nameColors(classes);
  Object.assign(view, { photo, mask, result: { classes, width: photo.width, height: photo.height } });
  view.resize(photo.width, photo.height);
  view.draw({ ...shownAs(), layer: "classes" });
}

function nameColors(classes) {
  if ($("camera-legend").dataset.model === $("model").value) return;
  $("camera-legend").dataset.model = $("model").value;
  $("camera-legend").replaceChildren(...classes.map(({ name, color }) => element("li", {}, swatch(color), name)));
}
