// The one place that listens to keys. The map is data (keymap.json): {workbench: [{key, action, label}]}, and an action
// is the data-action of a button on the page, or a name registered with Precept.on. Nothing fires while somebody types.
"use strict";
const Precept = { actions: new Map(), map: [], on(name, act) { this.actions.set(name, act); } };
window.Precept = Precept;

Precept.typing = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)) &&
  !["checkbox", "radio", "button", "submit"].includes(target.type);

// event.key, not event.code: what is printed on the key counts, on every layout.
Precept.name = (event) => {
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const alt = event.altKey ? "Alt+" : "";
  return ctrl + alt + (event.key.length === 1 && ctrl ? event.key.toLowerCase() : event.key);
};

Precept.run = (action) => {
  const own = Precept.actions.get(action);
  if (own) return own() !== false;
  const open = document.querySelector("dialog[open]");
  const button = [...(open || document).querySelectorAll(`[data-action="${CSS.escape(action)}"]`)]
    .find((b) => !b.disabled && b.offsetParent !== null);
  if (!button) return false;
  button.click();
  return true;
};

Precept.load = async () => {
  const found = await (await fetch("/static/keymap.json")).json();
  const bench = document.body.dataset.workbench;
  Precept.map = [...(found[bench] || []), ...found.everywhere];
  for (const { key, action } of Precept.map)
    for (const button of document.querySelectorAll(`[data-action="${CSS.escape(action)}"]`)) {
      button.setAttribute("aria-keyshortcuts", key.replace("Ctrl", "Control"));
      if (!button.querySelector("kbd")) button.append(" ", Object.assign(document.createElement("kbd"), { textContent: Precept.shown(key) }));
    }
};
Precept.shown = (key) => ({ " ": "Space", ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" })[key] || key.replace("+", " ").replace("k", "K");

document.addEventListener("keydown", (event) => {
  const name = Precept.name(event);
  const dialog = document.querySelector("dialog[open]");
  if (name === "Escape") {
    if (dialog) dialog.close();
    else if (Precept.typing(event.target)) event.target.blur();
    return;
  }
  if (Precept.typing(event.target) && !name.startsWith("Ctrl+")) return;
  if (event.altKey || event.repeat || (dialog && name !== "?")) return;
  const entry = Precept.map.find((e) => e.key === name);
  if (entry && Precept.run(entry.action)) event.preventDefault();
});
document.addEventListener("DOMContentLoaded", Precept.load);
document.addEventListener("htmx:afterSettle", Precept.load);
