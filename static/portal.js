// Adds a copy button to every command. Pages are complete without it.
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
