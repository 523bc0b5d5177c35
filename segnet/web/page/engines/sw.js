// Keeps the site for visits without a network, and adds the headers that a page needs for threads.

const LIST = "site.json";
const VERSION = "site-VERSION";  // replaced on export, so that another site has another cache

self.addEventListener("install", (event) => {
  event.waitUntil(keepAll().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(self.registration.scope)) event.respondWith(answer(event.request));
});

// Every file is checked against its hash in the list, so that the kept files are the exported ones.
async function keepAll() {
  const list = await fetch(LIST, { cache: "no-store" });
  const { files } = await list.clone().json();
  const cache = await caches.open(VERSION);
  await cache.put(LIST, list);
  for (const [path, { integrity }] of Object.entries(files)) {
    const response = await fetch(path, { integrity });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    await cache.put(path, response);
  }
}

async function forgetOthers() {
  const own = (name) => name.startsWith("site-") && name !== VERSION;
  await Promise.all((await caches.keys()).filter(own).map((name) => caches.delete(name)));
}

async function answer(request) {
  const cache = await caches.open(VERSION);
  const address = request.url.split(/[?#]/)[0];
  const kept = await cache.match(address === self.registration.scope ? `${address}index.html` : address);
  return isolated(kept ?? (await fetch(request)));
}

// Isolation costs nothing, because the whole site comes from one host.
function isolated(response) {
  if (!response.status || response.type === "opaque") return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
