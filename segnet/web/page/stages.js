// The tab Look inside: the maps of each stage. All show the same part of the image.

import { $, element, percent, say } from "./dom.js";
import { engine } from "./engine.js";
import { current, openScene } from "./image.js";
import { chosen, modelOf, onSettings } from "./settings.js";

const KINDS = [
  ["activation", "What the encoder sees"],
  ["codes", "Where each window’s largest value was"],
  ["unpooled", "The values put back"],
  ["decoded", "What the decoder makes of it"],
];
let answer = null;
let tiles = [];
let seen = null;
const middle = { x: 0.5, y: 0.5 };

export function startStages() {
  for (const id of ["without", "map-number", "zoom"]) $(id).addEventListener("input", draw);
  const move = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const box = $("stages-image").getBoundingClientRect();
    look((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  $("stages-image").addEventListener("pointerdown", move);
  $("stages-image").addEventListener("pointermove", move);
  $("stages-image").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const size = 0.25 / magnified();
    look(middle.x + step[0] * size, middle.y + step[1] * size);
  });
  onSettings(() => $("stages").hidden || openStages());
}

const magnified = () => 2 ** Number($("zoom").value);

function look(x, y) {
  Object.assign(middle, { x: Math.min(Math.max(x, 0), 1), y: Math.min(Math.max(y, 0), 1) });
  draw();
}

// Called when the tab is opened, and when the model changes while it is open.
export async function openStages() {
  if (!current.file) await openScene(0);
  const model = $("model").value;
  const key = [current.file, model, $("size").value];
  if (seen && key.every((part, i) => part === seen[i])) return;
  $("stages-facts").textContent = "Looking inside…";
  try {
    if (!modelOf(model)?.has_stages) throw new Error("This model has no pooling codes; choose a SegNet above.");
    answer = await engine.stages(current.file, current.photo, chosen());
    seen = key;
    build();
    draw();
  } catch (error) {
    seen = null;
    $("stages-facts").textContent = "";
    say(error.message);
  }
}

function build() {
  const count = Math.min(...answer.stages.map(({ channels }) => channels.length));
  const chosen = Math.min(Number($("map-number").value) || 0, count - 1);
  $("map-number").replaceChildren(...Array.from({ length: count }, (_, i) => element("option", { value: i, textContent: `${i + 1} of ${count}` })));
  $("map-number").value = chosen;
  tiles = answer.stages.map(() => KINDS.map(() => element("canvas")));
  const rows = answer.stages.map((stage, level) => {
    const text = `Stage ${level + 1}, ${stage.width}×${stage.height}: without the indices the decoder’s values change by ${percent(stage.changed)}`;
    const title = element("h3", { textContent: text });
    const figures = KINDS.map(([, text], kind) => {
      tiles[level][kind].setAttribute("role", "img");
      tiles[level][kind].setAttribute("aria-label", `Stage ${level + 1}: ${text}`);
      return element("figure", {}, tiles[level][kind], element("figcaption", { textContent: text }));
    });
    return element("div", { className: "stage" }, title, ...figures);
  });
  // The stage that the indices change most comes first.
  const order = [...rows.keys()].sort((a, b) => answer.stages[b].changed - answer.stages[a].changed);
  $("stage-rows").replaceChildren(...order.map((level) => rows[level]));
}

function draw() {
  if (!answer) return;
  const without = $("without").checked;
  const zoom = magnified();
  $("zoom-value").textContent = `${Number.isInteger(zoom) ? zoom : zoom.toFixed(1)}×`;
  const half = 0.5 / zoom;
  const x = Math.min(Math.max(middle.x, half), 1 - half) - half;
  const y = Math.min(Math.max(middle.y, half), 1 - half) - half;
  const number = Number($("map-number").value);
  answer.stages.forEach((stage, level) => KINDS.forEach(([kind], column) => {
    const changed = without && (kind === "unpooled" || kind === "decoded");
    const image = stage.maps[changed ? `${kind}_without` : kind];
    const height = image.height / stage.channels.length;
    part(tiles[level][column], image, number * height, height, { x, y, zoom });
    tiles[level][column].style.filter = without && kind === "codes" ? "grayscale(1) brightness(.5)" : "";
  }));
  const [image, mask, other] = answer.whole;
  part($("stages-mask"), without ? other : mask, 0, mask.height, { x, y, zoom });
  $("stages-mask-caption").textContent = without ? "Classes, unpooled without indices" : "Classes, unpooled with indices";
  part($("stages-image"), image, 0, image.height, { x: 0, y: 0, zoom: 1 });
  frame($("stages-image"), x, y, zoom);
  $("stages-facts").textContent = `Without the indices ${percent(answer.changed)} of the pixels get another class.`;
}

// The part of a map that begins at (x, y), as shares of the map; `top` and `height` choose the map in a strip.
function part(canvas, image, top, height, { x, y, zoom }) {
  const width = image.width;
  const scale = Math.max(1, Math.round(answer.width / width));
  Object.assign(canvas, { width: width * scale, height: height * scale });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(image, x * width, top + y * height, width / zoom, height / zoom, 0, 0, canvas.width, canvas.height);
}

function frame(canvas, x, y, zoom) {
  if (zoom === 1) return;
  const context = canvas.getContext("2d");
  for (const [color, width] of [["#000", 5], ["#fff", 2]]) {
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.strokeRect(x * canvas.width, y * canvas.height, canvas.width / zoom, canvas.height / zoom);
  }
}
