// Looks every few seconds whether the invitation is there, and shows it then. The page is complete without it.
"use strict";

const SECONDS_BETWEEN = 2;
const MOST_LOOKS = 90;

async function state() {
  const answer = await fetch(location.href, {credentials: "same-origin", cache: "no-store"});
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById("invitation")?.dataset.state;
}

async function look(looks) {
  try {
    if (await state() !== "waiting") {
      location.reload();
      return;
    }
  } catch {
    // the next look may reach the site again
  }
  if (looks < MOST_LOOKS) setTimeout(look, SECONDS_BETWEEN * 1000, looks + 1);
}

setTimeout(look, SECONDS_BETWEEN * 1000, 1);
