// The tab Clip: checks before the upload, progress, cancel, play, download.

import { form, get, sentence } from "./api.js";
import { $, element, say } from "./dom.js";
import { shownAs } from "./image.js";
import { chosen, offer } from "./settings.js";

const EVERY = 400;  // milliseconds between two requests for the progress
let upload = null;
let clip = null;
let original = "";  // address of the original file, in this browser alone

export function startClip() {
  const { clip_bytes: bytes, clip_seconds: seconds } = offer.limits;
  $("clip-limits").textContent = `up to ${Math.round(bytes / 1e6)} MB, ${seconds} s and 1920×1080 pixels`;
  $("clip-file").addEventListener("change", (event) => {
    if (event.target.files.length) open(event.target.files[0]);
    event.target.value = "";
  });
  $("clip").addEventListener("drop", (event) => event.dataTransfer.files.length && open(event.dataTransfer.files[0]));
  $("clip-cancel").addEventListener("click", cancel);
  keepInStep();
}

async function open(file) {
  if (clip || upload) await cancel();
  say("");
  const refusal = await whyNot(file);
  if (refusal) {
    say(refusal);
    return;
  }
  show({ state: "Uploading", share: 0, working: true });
  try {
    clip = await send(file);
    await watch(clip.id, file);
  } catch (error) {
    clip = null;
    show({ state: "", working: false });
    say(error.message);
  }
}

// A sentence about a clip that the server would refuse, before anything is sent.
async function whyNot(file) {
  const { clip_bytes: bytes, clip_seconds: most } = offer.limits;
  if (file.size > bytes) {
    return sentence(`that clip has ${Math.round(file.size / 1e6)} MB; at most ${Math.round(bytes / 1e6)} MB are accepted`);
  }
  const seconds = await secondsOf(file);
  return seconds > most + 1 ? sentence(`that clip is ${Math.round(seconds)} s long; at most ${most} s are accepted, so cut it`) : "";
}

// 0 if this browser cannot tell; the server checks again.
function secondsOf(file) {
  return new Promise((resolve) => {
    const video = element("video", { preload: "metadata", muted: true });
    const url = URL.createObjectURL(file);
    const done = () => {
      URL.revokeObjectURL(url);
      resolve(Number.isFinite(video.duration) ? video.duration : 0);
    };
    video.addEventListener("loadedmetadata", done);
    video.addEventListener("error", done);
    video.src = url;
  });
}

// fetch() does not report the progress of an upload. The older interface does.
function send(file) {
  const data = form("video", file, chosen());
  const { opacity, contours } = shownAs();
  data.append("opacity", opacity);
  data.append("contours", contours);
  return new Promise((resolve, reject) => {
    upload = new XMLHttpRequest();
    upload.open("POST", "api/clips");
    upload.responseType = "json";
    upload.upload.addEventListener("progress", ({ loaded, total }) =>
      show({ state: `Uploading, ${Math.round((100 * loaded) / total)} %`, share: loaded / total, working: true }));
    upload.addEventListener("load", () => {
      const { status, response } = upload;
      upload = null;
      if (status === 202) resolve(response);
      else reject(new Error(response?.error ? sentence(response.error) : `The server answered ${status}.`));
    });
    for (const [event, text] of [["error", "The upload broke off."], ["abort", "Cancelled."]]) {
      upload.addEventListener(event, () => {
        upload = null;
        reject(new Error(text));
      });
    }
    upload.send(data);
  });
}

async function watch(id, file) {
  while (clip?.id === id) {
    const now = await get(`api/clips/${id}`);
    if (now.state === "done") return finished(now, file);
    if (now.state === "failed") throw new Error(sentence(now.error));
    if (now.state === "cancelled") return;
    const left = now.frames && now.total ? `, ${Math.ceil((now.seconds / now.frames) * (now.total - now.frames))} s left` : "";
    const text = now.state === "waiting" ? "Waiting for the clip before" : `Frame ${now.frames} of ${now.total || "?"}${left}`;
    show({ state: text, share: now.total ? now.frames / now.total : undefined, working: true });
    await new Promise((resolve) => setTimeout(resolve, EVERY));
  }
}

function finished({ id, frames, seconds }, file) {
  clip = null;
  URL.revokeObjectURL(original);
  original = URL.createObjectURL(file);
  const url = `api/clips/${id}/video`;
  show({ state: `Done: ${frames} frames in ${seconds.toFixed(1)} s.`, working: false });
  $("clip-save").href = url;
  $("clip-save").download = `${file.name.replace(/\.[^.]*$/, "")}_segmented.mp4`;
  $("clip-save").hidden = false;
  $("clip-result").src = url;
  $("clip-result").hidden = false;
  $("clip-original").src = original;
  $("clip-original").hidden = false;
  $("clip-result").play().catch(() => {});
}

// The original has no controls and follows the result.
function keepInStep() {
  const [first, second] = [$("clip-result"), $("clip-original")];
  const follow = () => {
    if (Math.abs(second.currentTime - first.currentTime) > 0.15) second.currentTime = first.currentTime;
    if (first.paused !== second.paused) (first.paused ? second.pause() : second.play().catch(() => {}));
  };
  for (const event of ["play", "pause", "seeked", "timeupdate"]) first.addEventListener(event, follow);
  second.addEventListener("error", () => (second.hidden = true));
}

async function cancel() {
  upload?.abort();
  if (!clip) return;
  const { id } = clip;
  clip = null;
  await fetch(`api/clips/${id}`, { method: "DELETE" });
  show({ state: "Cancelled.", working: false });
}

function show({ state, share, working }) {
  $("clip-state").textContent = state;
  $("clip-progress").hidden = $("clip-cancel").hidden = !working;
  if (share === undefined) $("clip-bar").removeAttribute("value");
  else $("clip-bar").value = share;
  if (working) {
    $("clip-save").hidden = $("clip-result").hidden = $("clip-original").hidden = true;
    $("clip-original").removeAttribute("src");
    $("clip-result").removeAttribute("src");
  }
}
