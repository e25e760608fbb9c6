// The one place that listens to keys. The map is data (keymap.json): {workbench: [{key, action, label}]}, and an action
// is the data-action of a button on the page, or a name registered with Precept.on. Nothing fires while somebody types.
// A dialog has the keys that its data-keys names, and no others. What the person has set for themselves comes with the
// page, in its meta "keys": {"queue.take": "m"}.
"use strict";
const Precept = { actions: new Map(), map: [], found: null, early: null, on(name, act) { this.actions.set(name, act); } };
window.Precept = Precept;

Precept.typing = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName)) &&
  !["checkbox", "radio", "button", "submit", "range"].includes(target.type);

// event.key, not event.code: what is printed on the key counts, on every layout. Shift makes a capital, caps lock none.
Precept.name = (event) => {
  const ctrl = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const alt = event.altKey ? "Alt+" : "";
  const small = event.key.length === 1 && (ctrl || !event.shiftKey);
  return ctrl + alt + (small ? event.key.toLowerCase() : event.key);
};

Precept.button = (action) => {
  const open = document.querySelector("dialog[open]");
  return [...(open || document).querySelectorAll(`[data-action="${CSS.escape(action)}"]`)]
    .find((b) => !b.disabled && b.offsetParent !== null);
};

// A registered action that returns false leaves the key to the button of that name.
Precept.run = (action) => {
  const own = Precept.actions.get(action);
  if (own && own() !== false) return true;
  const button = Precept.button(action);
  if (!button) return false;
  if (Precept.typing(button)) { button.focus(); button.select?.(); } else button.click();
  // The event "toggle" comes a moment later, when somebody quick is typing already.
  const opened = button.tagName === "SUMMARY" && button.parentElement.open && button.parentElement;
  if (opened) opened.querySelector("form select, form input:not([type='hidden']), form textarea")?.focus();
  return true;
};

// The map of the page before serves at once, and is fetched anew for the next one.
Precept.keymap = async () => {
  const fresh = fetch("/static/keymap.json").then((answer) => answer.json()).then((map) => {
    sessionStorage.setItem("precept.keys", JSON.stringify(map));
    return map;
  });
  const kept = sessionStorage.getItem("precept.keys");
  if (kept) fresh.catch(() => {});
  return kept ? JSON.parse(kept) : fresh;
};
Precept.mine = (map) => {
  const own = JSON.parse(document.querySelector('meta[name="keys"]')?.content || "{}");
  for (const [place, entries] of Object.entries(map)) for (const e of entries) e.key = own[`${place}.${e.action}`] || e.key;
  return map;
};
Precept.load = async () => {
  Precept.found ||= Precept.mine(await Precept.keymap());
  const bench = document.body.dataset.workbench;
  Precept.map = [...(Precept.found[bench] || []), ...Precept.found.everywhere];
  const print = (root, map) => {
    for (const { key, action, label } of map) {
      for (const place of root.querySelectorAll(`[data-kbd="${CSS.escape(action)}"]`)) place.textContent = Precept.shown(key);
      for (const button of root.querySelectorAll(`[data-action="${CSS.escape(action)}"]`)) {
        button.setAttribute("aria-keyshortcuts", key.replace("Ctrl", "Control"));
        if (Precept.typing(button)) button.title = `${label} (${Precept.shown(key)})`;
        else if (!button.querySelector("kbd")) button.append(" ", Object.assign(document.createElement("kbd"), { textContent: Precept.shown(key) }));
      }
    }
  };
  print(document, Precept.map);
  for (const dialog of document.querySelectorAll("dialog[data-keys]")) print(dialog, Precept.found[dialog.dataset.keys] || []);
  const early = Precept.map.find((e) => e.key === Precept.early);
  Precept.early = null;
  if (early) Precept.run(early.action);
};
Precept.shown = (key) => {
  if (key.startsWith("Ctrl+")) return `Ctrl ${key.length === 6 ? key[5].toUpperCase() : Precept.shown(key.slice(5))}`;
  if (/^[A-Z]$/.test(key)) return `Shift ${key}`;
  return { " ": "Space", ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" }[key] || key;
};

document.addEventListener("keydown", (event) => {
  const name = Precept.name(event);
  const dialog = document.querySelector("dialog[open]");
  if (name === "Escape") {
    if (dialog) { event.preventDefault(); dialog.close(); }
    else if (Precept.typing(event.target)) event.target.blur();
    return;
  }
  if (Precept.typing(event.target) && !name.startsWith("Ctrl+")) return;
  if (event.altKey || event.repeat || event.isComposing) return;
  if (!Precept.found) { Precept.early = name; return; }  // pressed before the map was here: done once it is
  const map = !dialog ? Precept.map : [...((Precept.found || {})[dialog.dataset.keys] || []), ...(dialog.id === "help" ? Precept.map.filter((e) => e.action === "help") : [])];
  // Enter and Space belong to the control that has the focus.
  if ((name === "Enter" || name === " ") && event.target.closest?.("a, button, summary, input, select")) return;
  const entry = map.find((e) => e.key === name);
  if (entry && Precept.run(entry.action)) event.preventDefault();
});
document.addEventListener("DOMContentLoaded", Precept.load);
document.addEventListener("htmx:afterSettle", Precept.load);
