// A page that was opened from a file, or in a browser without modules, cannot load more. It says how to serve it.

if (location.protocol === "file:") {
  document.addEventListener("DOMContentLoaded", () => {
    const message = document.getElementById("message");
    message.textContent = "A browser lets no page from a file run a network. Serve this folder: " +
      "“python -m http.server” in it, then open http://localhost:8000/.";
    message.hidden = false;
  });
}
