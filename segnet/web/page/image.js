// The tab Image: its source, its views, and the files to save.

import { sentence } from "./api.js";
import { openCamera } from "./devices.js";
import { $, element, milliseconds, percent, save, say } from "./dom.js";
import { engine } from "./engine.js";
import { fillLegend, hidden, setAll } from "./legend.js";
import { chosen, modelOf, offer, onSettings } from "./settings.js";
import { View } from "./view.js";

export const current = { file: null, photo: null };
const views = [];
let running = null;
let pointed = null;  // the last pixel that was pointed at, as [x, y]
let invitation = "";  // text that invites to point at a pixel

export function shownAs() {
  return {
    layer: document.querySelector('input[name="layer"]:checked').value,
    opacity: Number($("opacity").value) / 100,
    contours: $("contours").checked,
    hidden,
  };
}

export function startImage() {
  views.push(new View($("view-a")), new View($("view-b")));
  invitation = $("readout").textContent;
  const megabytes = Math.round(offer.limits.image_bytes / 1e6);
  $("image-limits").textContent = `up to ${megabytes} MB and ${Math.round(offer.limits.image_pixels / 1e6)} megapixels.`;
  listScenes();
  listenForImages();
  for (const view of views) listenToPointer(view);
  for (const id of ["opacity", "contours", "layers"]) $(id).addEventListener("input", redraw);
  $("all-classes").addEventListener("click", () => setAll(true, redraw));
  $("no-classes").addEventListener("click", () => setAll(false, redraw));
  $("compare").addEventListener("change", segment);
  $("save-mask").addEventListener("click", saveMask);
  $("save-overlay").addEventListener("click", () => views[0].canvas.toBlob((blob) => save(blob, "overlay.png")));
  onSettings(segment);
}

function listScenes() {
  $("scenes").hidden = offer.samples.length < 2;
  $("drawn-hint").hidden = !offer.samples.some((address) => address.startsWith("api/"));
  for (const [number, src] of offer.samples.entries()) {
    const image = element("img", { src, alt: `Sample image ${number + 1}`, loading: "lazy" });
    const button = element("button", { type: "button" }, image);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => openScene(number));
    $("scenes").append(button);
  }
}

export async function openScene(number) {
  const response = await fetch(offer.samples[number]);
  if (response.ok) await open(await response.blob(), number);
  else say("The sample image cannot be had just now; try again in a moment.");
}

function listenForImages() {
  $("image-file").addEventListener("change", (event) => {
    if (event.target.files.length) open(event.target.files[0]);
    event.target.value = "";
  });
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (file && !$("image").hidden) open(file);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.toggle("dropping", !$("image").hidden);
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dropping");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    if (!$("image").hidden && event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
  });
  let stopCamera = () => {};
  $("snap-open").addEventListener("click", async () => {
    $("snap").showModal();
    stopCamera = await openCamera($("snap-video")).catch((error) => {
      $("snap").close();
      say(error.message);
      return () => {};
    });
  });
  $("snap-take").addEventListener("click", () => {
    const video = $("snap-video");
    const canvas = element("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    $("snap").close();
    canvas.toBlob((blob) => blob && open(blob), "image/png");
  });
  $("snap-close").addEventListener("click", () => $("snap").close());
  $("snap").addEventListener("close", () => stopCamera());
}

async function open(file, scene = -1) {
  if (file.size > offer.limits.image_bytes) {
    const most = Math.round(offer.limits.image_bytes / 1e6);
    say(sentence(`that image has ${Math.round(file.size / 1e6)} MB; at most ${most} MB are accepted`));
    return;
  }
  let photo;
  try {
    photo = await createImageBitmap(file);
  } catch {
    say("That file is no image that this browser can show. JPEG, PNG, WebP and BMP work.");
    return;
  }
  if (photo.width * photo.height > offer.limits.image_pixels) {
    say(`That image has ${photo.width}×${photo.height} pixels, more than are accepted.`);
    return;
  }
  Object.assign(current, { file, photo });
  pointed = null;
  [...$("scenes").children].forEach((button, number) => button.setAttribute("aria-pressed", String(number === scene)));
  await segment();
}

export async function segment() {
  if (!current.file) return;
  running?.abort();
  const own = (running = new AbortController());
  const names = [$("model").value, $("compare").value].filter(Boolean);
  document.body.classList.add("waiting");
  try {
    const begin = performance.now();
    const results = [];
    // The models run one after the other, since they would only wait for each other.
    for (const name of names) results.push(await engine.segment(current.file, current.photo, chosen(name), own.signal));
    const seconds = (performance.now() - begin) / 1000;
    if (own.signal.aborted) return;
    results.forEach((result, which) => views[which].show(current.photo, result));
    say("");
    report(results, seconds);
  } catch (error) {
    if (error.name !== "AbortError") say(error.message);
  } finally {
    if (running === own) document.body.classList.remove("waiting");
  }
}

function report(results, seconds) {
  $("view-b").hidden = results.length < 2;
  if (results.length < 2) views[1].result = null;
  results.forEach((result, which) => {
    views[which].canvas.tabIndex = 0;
    views[which].canvas.setAttribute("role", "img");
    views[which].canvas.setAttribute("aria-label", `${result.model}: ${inWords(result)}. Arrow keys move over the image.`);
    views[which].caption.textContent = results.length > 1 ? `${result.model}: ${milliseconds(result.seconds)}` : "";
  });
  const unsure = results[0].uncertainty !== null;
  const choice = document.querySelector('input[value="uncertainty"]');
  choice.disabled = !unsure;
  if (!unsure && choice.checked) document.querySelector('input[value="classes"]').checked = true;
  $("uncertainty-hint").textContent = unsure
    ? `Mean uncertainty ${results[0].mean_uncertainty.toFixed(3)}: how far the samples differ. The brightest pixels are at ${(mostUncertain() / 255 / 2).toFixed(2)}.`
    : modelOf(results[0].model).has_dropout ? "For uncertainty, set samples to 2 or more." : "";
  fillLegend(results, redraw);
  const { network_size: size, runtime } = results[0];
  const agreement = results.length > 1 ? ` Both agree on ${percent(agreeing())} of the pixels.` : "";
  $("image-facts").textContent =
    `${milliseconds(results[0].seconds)} through the network at ${size[1]}×${size[0]} (${runtime}), ` +
    `${milliseconds(seconds)} in all.${agreement}`;
  $("save-mask").disabled = $("save-overlay").disabled = false;
  // Another model may give this pixel another class.
  if (pointed) tell(...pointed);
  else $("readout").textContent = invitation;
  redraw();
}

// Both views have one scale, so that they can be compared.
const mostUncertain = () => Math.max(...views.map(({ result, most }) => (result && most) || 0));

function inWords(result) {
  const largest = [...result.classes].sort((a, b) => b.share - a.share).slice(0, 3);
  return largest.map(({ name, share }) => `${name} ${percent(share)}`).join(", ");
}

function agreeing() {
  const [a, b] = views;
  const same = a.result.classes.map(({ name }) => b.result.classes.findIndex((other) => other.name === name));
  let count = 0;
  for (let i = 0; i < a.mask.length; i++) count += same[a.mask[i]] === b.mask[i];
  return count / a.mask.length;
}

// The meaning of a map's colours: probability up to 1, uncertainty up to the brightest pixel.
function showScale(layer, most) {
  $("scale").hidden = layer === "classes";
  $("scale-low").textContent = layer === "probability" ? "0 %" : "0";
  $("scale-high").textContent = layer === "probability" ? "100 %" : (most / 255 / 2).toFixed(2);
}

function redraw() {
  $("opacity-value").textContent = `${$("opacity").value} %`;
  const how = shownAs();
  const most = mostUncertain();
  showScale(how.layer, most);
  for (const view of views) {
    view.draw({ ...how, most, layer: how.layer === "uncertainty" && !view.uncertainty ? "classes" : how.layer });
  }
}

function tell(x, y) {
  pointed = [x, y];
  $("readout").textContent = views
    .filter(({ result }) => result)
    .map((each) => each.describe(Math.min(x, each.canvas.width - 1), Math.min(y, each.canvas.height - 1)))
    .join(" · ");
}

function listenToPointer(view) {
  let place = null;
  view.canvas.addEventListener("pointermove", (event) => view.result && tell(...view.at(event)));
  view.canvas.addEventListener("pointerdown", (event) => view.result && tell(...view.at(event)));
  view.canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-8, 0], ArrowRight: [8, 0], ArrowUp: [0, -8], ArrowDown: [0, 8] }[event.key];
    if (!step || !view.result) return;
    event.preventDefault();
    const { width, height } = view.canvas;
    place = place ? [place[0] + step[0], place[1] + step[1]] : [Math.floor(width / 2), Math.floor(height / 2)];
    place = [Math.min(Math.max(place[0], 0), width - 1), Math.min(Math.max(place[1], 0), height - 1)];
    redraw();
    view.mark(...place);
    tell(...place);
  });
  view.canvas.addEventListener("blur", redraw);
}

async function saveMask() {
  try {
    save(await engine.maskFile(current.file, current.photo, chosen()), "mask.png");
  } catch (error) {
    say(error.message);
  }
}
