"use strict";
// A build's page renews one part of itself while the build runs. What would be lost with the old part is kept.
(() => {
  const said = document.getElementById("build-said");
  let kept = null;

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "build") return;
    if (!event.detail.serverResponse.includes('id="build"')) { // the session is over: its login page came
      event.detail.shouldSwap = false;
      location.reload();
      return;
    }
    const log = document.getElementById("log-lines");
    kept = {
      open: [...document.querySelectorAll("#build details")].map((one) => [one.id, one.open]),
      top: log ? log.scrollTop : 0,
      atEnd: !log || log.scrollTop + log.clientHeight >= log.scrollHeight - 8,
    };
  });

  document.addEventListener("htmx:afterSettle", () => {
    const build = document.getElementById("build");
    if (!build || !kept) return;
    for (const [id, open] of kept.open) {
      const one = document.getElementById(id);
      if (one) one.open = open;
    }
    const log = document.getElementById("log-lines");
    if (log) log.scrollTop = kept.atEnd ? log.scrollHeight : kept.top;
    if (said.textContent !== build.dataset.said) said.textContent = build.dataset.said; // spoken only when it changes
    kept = null;
  });

  const log = document.getElementById("log-lines");
  if (log && !location.hash) log.scrollTop = log.scrollHeight;
})();
