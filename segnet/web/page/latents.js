// The tab Autoencoder: draw or pick a digit, see its latent and its reconstruction, and change the latent.

import { get, post } from "./api.js";
import { $, element, loadImage, say } from "./dom.js";
import { offer } from "./settings.js";

const COLORS = ["#4c78a8", "#f58518", "#e45756", "#72b7b2", "#54a24b", "#eeca3b", "#b279a2", "#ff9da6", "#9d755d", "#d8d8d8"];
let facts = null;
let latent = null;
let planeImage = null;

export function startLatents() {
  for (const name of offer.autoencoders) $("autoencoder").append(element("option", { value: name, textContent: name }));
  $("autoencoder").addEventListener("change", () => openLatents(true));
  $("clear").addEventListener("click", clear);
  $("plane-places").addEventListener("change", drawPlane);
  listenToDrawing();
  listenToPlane();
}

const path = (what = "") => `api/autoencoders/${encodeURIComponent($("autoencoder").value)}${what}`;

export async function openLatents(anew = false) {
  if (facts && !anew) return;
  // The latent of another autoencoder has another length. The old one must not be used before the new one is there.
  latent = null;
  $("latents-facts").textContent = "";
  try {
    facts = await get(path());
    planeImage = facts.plane && (await loadImage(facts.plane.image));
    $("plane-box").hidden = !facts.plane;
    $("sliders-box").hidden = !facts.ranges;
    listDigits();
    listSliders();
    pick(2);
  } catch (error) {
    facts = null;
    say(error.message);
  }
}

// Only the latest request is sent, when the one before is back.
let waiting = null;
let busy = false;

async function ask(what, body, use) {
  waiting = [what, body, use];
  if (busy) return;
  busy = true;
  while (waiting) {
    const [whatNow, bodyNow, useNow] = waiting;
    waiting = null;
    try {
      useNow(await (await post(path(whatNow), bodyNow)).json());
    } catch (error) {
      say(error.message);
    }
  }
  busy = false;
}

function encode(pixels) {
  ask("/encode", { pixels }, (answer) => {
    say("");
    latent = answer.latent;
    $("reconstruction").src = answer.reconstruction;
    $("latents-facts").textContent = `Mean squared error ${answer.squared_error.toFixed(4)}`;
    showCode();
  });
}

function decode() {
  ask("/decode", { latent }, (answer) => {
    say("");
    $("reconstruction").src = answer.image;
    $("latents-facts").textContent = "Decoded from the latent below";
  });
  showCode();
}

function showCode() {
  if (!latent) return;
  [...$("sliders").querySelectorAll("input")].forEach((slider, i) => {
    slider.value = latent[i];
    slider.nextElementSibling.textContent = latent[i].toFixed(1).replace("-", "−");
  });
  drawPlane();
}

function listSliders() {
  $("sliders").replaceChildren(...(facts.ranges ?? []).map(([low, high], i) => {
    const slider = element("input", { type: "range", min: low, max: high, step: (high - low) / 200 });
    const value = element("output", {});
    slider.addEventListener("input", () => {
      latent[i] = Number(slider.value);
      decode();
    });
    const number = element("span", { className: "number", textContent: i + 1 });
    return element("label", { className: "slider" }, number, slider, value);
  }));
}

function listDigits() {
  $("digits").replaceChildren(...facts.samples.map((pixels, i) => {
    const canvas = element("canvas");
    paint(canvas, pixels);
    const button = element("button", { type: "button", title: facts.labels[i] }, canvas);
    button.setAttribute("aria-label", `Digit ${facts.labels[i]}`);
    button.addEventListener("click", () => pick(i));
    return button;
  }));
}

function pick(i) {
  const small = element("canvas");
  paint(small, facts.samples[i]);
  const context = $("drawing").getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, 280, 280);
  encode(facts.samples[i]);
}

function paint(canvas, pixels) {
  const [channels, height, width] = facts.shape;
  Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 * pixels[(channels === 3 ? c : 0) * width * height + i];
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function clear() {
  const context = $("drawing").getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, 280, 280);
}

function listenToDrawing() {
  const canvas = $("drawing");
  let last = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * 280, ((event.clientY - box.top) / box.height) * 280];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const now = place(event);
    const context = canvas.getContext("2d");
    Object.assign(context, { lineWidth: 26, lineCap: "round", strokeStyle: "#fff" });
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...now);
    context.stroke();
    last = now;
    encode(drawn());
  });
  canvas.addEventListener("pointerup", () => (last = null));
}

// The drawing at the size of the autoencoder's images.
function drawn() {
  const [channels, height, width] = facts.shape;
  const small = element("canvas", { width, height });
  const context = small.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage($("drawing"), 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = Array.from({ length: width * height }, (_, i) => data[4 * i] / 255);
  return Array.from({ length: channels }, () => grey).flat();
}

function drawPlane() {
  if (!planeImage) return;
  const canvas = $("plane");
  Object.assign(canvas, { width: planeImage.naturalWidth, height: planeImage.naturalHeight });
  const context = canvas.getContext("2d");
  context.drawImage(planeImage, 0, 0);
  const { reach, places, labels } = facts.plane;
  const at = ([x, y]) => [((x + reach) / (2 * reach)) * canvas.width, ((reach - y) / (2 * reach)) * canvas.height];
  if ($("plane-places").checked) {
    context.fillStyle = "rgb(0 0 0 / .6)";
    context.fillRect(0, 0, canvas.width, canvas.height);
    places.forEach((place, i) => {
      context.fillStyle = COLORS[Number(labels[i]) % COLORS.length];
      context.font = `bold ${canvas.width / 32}px sans-serif`;
      context.fillText(labels[i], ...at(place));
    });
  }
  if (!latent) return;
  const [x, y] = at(latent);
  for (const [color, width] of [["#000", 7], ["#ff7a1a", 4]]) {
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.beginPath();
    context.arc(x, y, canvas.width / 40, 0, 2 * Math.PI);
    context.stroke();
  }
}

function listenToPlane() {
  const canvas = $("plane");
  const walk = (x, y) => {
    const { reach } = facts.plane;
    latent[0] = Math.min(Math.max(x, -reach), reach);
    latent[1] = Math.min(Math.max(y, -reach), reach);
    decode();
  };
  const point = (event) => {
    if (!latent || (event.type === "pointermove" && !event.buttons)) return;
    const box = canvas.getBoundingClientRect();
    const { reach } = facts.plane;
    walk((2 * (event.clientX - box.left) / box.width - 1) * reach, (1 - 2 * (event.clientY - box.top) / box.height) * reach);
  };
  canvas.addEventListener("pointerdown", point);
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step || !latent) return;
    event.preventDefault();
    walk(latent[0] + 0.1 * step[0], latent[1] + 0.1 * step[1]);
  });
}
