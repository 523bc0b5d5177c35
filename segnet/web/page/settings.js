// What the server offers, and the settings above the tabs.

import { get } from "./api.js";
import { $, element } from "./dom.js";

export let offer = null;

export async function loadOffer() {
  offer = await get("api/models");
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

export function onSettings(work) {
  $("settings").addEventListener("change", work);
  $("settings").addEventListener("submit", (event) => event.preventDefault());
}

// The form of a request; a model without dropout is asked once.
export function form(field, file, name = $("model").value) {
  const data = new FormData();
  data.append(field, file, "upload");
  data.append("model", name);
  data.append("size", $("size").value);
  data.append("backend", $("backend").value);
  const samples = Math.min(50, Math.max(1, Math.round(Number($("samples").value)) || 1));
  data.append("samples", modelOf(name)?.has_dropout ? samples : 1);
  return data;
}
