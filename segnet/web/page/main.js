// Starts the tabs. Each tab is a module.

import { end as endCamera, startCamera } from "./camera.js";
import { openLatents, startLatents } from "./latents.js";
import { $, say } from "./dom.js";
import { engine } from "./engine.js";
import { openScene, startImage } from "./image.js";
import { startPrograms } from "./programs.js";
import { loadOffer, offer } from "./settings.js";
import { openStages, startStages } from "./stages.js";

const WHEN_OPENED = { stages: openStages, latents: openLatents };

function openTab(tab, { focus = false } = {}) {
  for (const other of document.querySelectorAll("[role=tab]")) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (focus) tab.focus();
  const name = tab.getAttribute("aria-controls");
  history.replaceState(null, "", `#${name}`);
  say("");
  if (name !== "camera") endCamera();
  $("settings").hidden = name === "latents" || name === "programs" || !offer.models.length;
  WHEN_OPENED[name]?.();
}

function startTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")].filter((tab) => !tab.hidden);
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => openTab(tab));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      openTab(tabs.at(to % tabs.length), { focus: true });
    });
  });
  openTab(tabs.find((tab) => tab.getAttribute("aria-controls") === location.hash.slice(1)) ?? tabs[0]);
}

async function start() {
  try {
    await loadOffer();
  } catch (error) {
    say(error.message);
    return;
  }
  const segments = offer.models.length > 0;
  for (const name of ["image", "clip", "camera", "stages"]) $(`tab-${name}`).hidden = !segments;
  if (!offer.models.some((model) => model.has_stages)) $("tab-stages").hidden = true;
  $("tab-latents").hidden = !offer.autoencoders.length;
  $("tab-programs").hidden = Boolean(engine.isHere);
  if (segments) {
    startImage();
    engine.startClip();
    startCamera();
    startStages();
  }
  if (!engine.isHere) {
    startLatents();
    startPrograms();
  }
  startTabs();
  if (segments && !$("image").hidden) openScene(0);
}

start();
