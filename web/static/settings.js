// Choosing keys: in a field for a key, the key that is pressed is what it holds. Saving and checking are the server's.
"use strict";
Precept.on("keys", () => document.querySelector(".keyset[open] summary, .keyset summary")?.focus());
document.querySelector("#keys").addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches("[data-capture]") || ["Tab", "Enter", "Escape", "Shift", "Control", "Alt", "Meta", "CapsLock", "AltGraph"].includes(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  field.value = ["Backspace", "Delete"].includes(event.key) ? "" : Precept.name(event);
});
