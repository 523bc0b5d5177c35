// The server's models, and the settings above the tabs.

import { engine } from "./engine.js";
import { $, element } from "./dom.js";

export let offer = null;

export async function loadOffer() {
  offer = await engine.offer();
  for (const model of offer.models) {
    $("model").append(element("option", { value: model.name, textContent: model.name }));
    $("compare").append(element("option", { value: model.name, textContent: model.name }));
  }
  for (const backend of offer.backends) $("backend").append(element("option", { value: backend, textContent: backend }));
  $("backend-label").hidden = offer.backends.length < 2;
  $("compare-label").hidden = offer.models.length < 2;
  $("settings").hidden = offer.models.length === 0;
  showSamples();
  $("model").addEventListener("change", showSamples);
}

function showSamples() {
  $("samples-label").hidden = !modelOf($("model").value)?.has_dropout;
}

export function modelOf(name) {
  return offer.models.find((model) => model.name === name);
}

// The names of a model's classes, and their colours over an image.
export function drawnClasses(model) {
  return model.classes.map((name, i) => ({ name, color: model.drawing_colors[i] }));
}

export function onSettings(work) {
  $("settings").addEventListener("change", work);
  $("settings").addEventListener("submit", (event) => event.preventDefault());
}

// The settings above the tabs for the model `name`. A model without dropout runs once.
export function chosen(name = $("model").value) {
  const samples = Math.min(50, Math.max(1, Math.round(Number($("samples").value)) || 1));
  const settings = { model: name, size: $("size").value, samples: modelOf(name)?.has_dropout ? samples : 1 };
  return offer.backends.length ? { ...settings, backend: $("backend").value } : settings;
}
