// Adds a copy button to every command, and a key that leads to the search. Pages are complete without it.
"use strict";

const SECONDS_TO_READ = 2;

function copyButton(text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    }
    setTimeout(() => { button.textContent = "Copy"; }, SECONDS_TO_READ * 1000);
  });
  return button;
}

if (navigator.clipboard) {
  for (const command of document.querySelectorAll(".command")) {
    const code = command.querySelector("code");
    const status = document.createElement("span");
    status.setAttribute("role", "status");
    status.append(copyButton(() => code.textContent.trim()));
    command.append(status);
  }
}

// The key can be switched off on the search page: whoever dictates would press it unawares (WCAG 2.1.4).
const SWITCHED_OFF = "search-key-off";

function isSwitchedOff() {
  try {
    return localStorage.getItem(SWITCHED_OFF) !== null;
  } catch {
    return false;
  }
}

function searchKeySwitch(place) {
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = !isSwitchedOff();
  box.addEventListener("change", () => {
    try {
      if (box.checked) localStorage.removeItem(SWITCHED_OFF);
      else localStorage.setItem(SWITCHED_OFF, "yes");
    } catch {
      box.checked = true;
    }
  });
  const label = document.createElement("label");
  label.append(box, ` ${place.dataset.searchKey}`);
  place.append(label);
}

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
  const isOther = event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing;
  const field = document.querySelector("main [type=search][name=q], .search-box [type=search]");
  if (isTyping || isOther || !field || isSwitchedOff()) return;
  event.preventDefault();
  field.focus();
  field.select();
});

for (const place of document.querySelectorAll("[data-search-key]")) searchKeySwitch(place);
