// What segments: here the server that this page came from. An exported site has engines/browser.js in its place.

export { engine } from "./engines/server.js";
