// Says in words what went wrong with a passkey. Asking for it is done by the scripts before this one.
"use strict";

function tell(word) {
  const place = document.querySelector("[data-passkey-fault]");
  const words = document.querySelector("[data-passkey-words]");
  place.textContent = words.content.querySelector(`[data-word=${word}]`).textContent;
  place.hidden = false;
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const words = { NotAllowedError: "refused", AbortError: "refused", InvalidStateError: "taken", SecurityError: "unsupported" };
  tell(words[event.detail.exception.name] ?? "failed");
});

document.addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("passkey-button");
  if (button && !window.PublicKeyCredential) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      tell("unsupported");
    }, true);
  }
});
