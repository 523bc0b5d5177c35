// The engine that segments: here the server of this page. An exported site has engines/browser.js instead.

export { engine } from "./engines/server.js";
