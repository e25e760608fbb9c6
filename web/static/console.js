// What the pages share beside keys: the token of the session on every request, toasts with undo, help and palette.
"use strict";
Precept.token = () => document.querySelector('meta[name="csrf"]').content;
document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRF-Token"] = Precept.token(); });
// A refusal is shown where an answer would have been; nothing fails in silence.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) {
    event.detail.shouldSwap = false;
    Precept.toast(Precept.problem(event.detail.xhr.responseText, event.detail.xhr.status), { bad: true });
  }
});
// What takes the place of the control that had the focus gets it, so that the next Tab goes on from there.
let within = null;
document.addEventListener("htmx:beforeSwap", (event) => { within = event.detail.target.contains(document.activeElement) ? event.detail.target : null; });
document.addEventListener("htmx:afterSettle", () => {
  if (within?.isConnected && document.activeElement === document.body) { within.tabIndex = -1; within.focus({ preventScroll: true }); }
  within = null;
});
document.addEventListener("htmx:sendError", () => Precept.toast("The server cannot be reached; nothing was sent.", { bad: true }));

// A template runs no script of what is put in it.
Precept.problem = (html, status) => {
  const box = document.createElement("template");
  box.innerHTML = html;
  return box.content.querySelector(".problem")?.textContent || `Refused (${status}).`;
};

// `undo` is what the key of the action "undo" does while the toast stands.
Precept.toast = (text, { undo = null, bad = false } = {}) => {
  const toast = document.createElement("div");
  toast.className = bad ? "toast bad" : "toast";
  toast.append(text);
  const gone = () => { toast.remove(); if (Precept.undoing?.toast === toast) Precept.undoing = null; };
  if (undo) {
    Precept.undoing = { undo, toast };
    const button = Object.assign(document.createElement("button"), { textContent: "Undo", type: "button" });
    button.dataset.action = "undo";
    toast.append(" ", button);
  }
  document.getElementById("toasts").append(toast);
  setTimeout(gone, bad ? 12000 : undo ? 20000 : 8000);
  Precept.load();
};
Precept.on("undo", () => {
  if (!Precept.undoing) return false;
  const { undo, toast } = Precept.undoing;
  Precept.undoing = null;
  toast.remove();
  undo();
});

Precept.on("help", () => {
  const dialog = document.getElementById("help");
  if (dialog.open) return dialog.close();
  const sheet = (title, map) => {
    const table = document.createElement("table");
    table.append(Object.assign(document.createElement("caption"), { textContent: title }));
    for (const e of map) {
      const row = table.insertRow();
      row.insertCell().append(Object.assign(document.createElement("kbd"), { textContent: Precept.shown(e.key) }));
      row.insertCell().textContent = e.label;
    }
    return table;
  };
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
  close.dataset.close = "";
  const change = Object.assign(document.createElement("a"), { href: "/settings#keys", textContent: "Choose your own" });
  const windows = new Map([...document.querySelectorAll("dialog[data-keys]")].map((d) => [d.dataset.keys, d]));
  const more = [...windows].filter(([name]) => Precept.found[name]).map(([name, d]) =>
    sheet(`In the window “${document.getElementById(d.getAttribute("aria-labelledby"))?.textContent || d.getAttribute("aria-label")}”`, Precept.found[name]));
  dialog.replaceChildren(Object.assign(document.createElement("h2"), { id: "help-title", textContent: "Keys" }), close, " ", change,
    sheet("On this page", Precept.map), ...more);
  dialog.showModal();
});

Precept.on("palette", () => {
  const dialog = document.getElementById("palette");
  if (dialog.open) return dialog.close();
  const input = Object.assign(document.createElement("input"), { type: "search", placeholder: "An id, a queue, a page, a filter, a rule", autocomplete: "off" });
  const list = Object.assign(document.createElement("ul"), { id: "palette-list" });
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-label", "Go to");
  input.setAttribute("aria-controls", "palette-list");
  input.setAttribute("aria-expanded", "true");
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Where to go");
  dialog.replaceChildren(input, list);
  const mark = (step) => {
    const all = [...list.querySelectorAll('[role="option"]')];
    const now = all.findIndex((o) => o.getAttribute("aria-selected") === "true");
    all[now]?.setAttribute("aria-selected", "false");
    const next = all[(now + step + all.length) % all.length];
    next?.setAttribute("aria-selected", "true");
    next?.scrollIntoView({ block: "nearest" });
    if (next) input.setAttribute("aria-activedescendant", next.id);
  };
  let asked = 0;
  const fill = async () => {
    const mine = ++asked;
    const answer = await fetch("/palette?" + new URLSearchParams({ q: input.value }));
    if (answer.ok && mine === asked) { list.innerHTML = await answer.text(); mark(0); }
  };
  input.addEventListener("input", fill);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); mark(event.key === "ArrowDown" ? 1 : -1); }
    if (event.key === "Enter") { event.preventDefault(); list.querySelector('[aria-selected="true"] a')?.click(); }
  });
  dialog.showModal();
  fill();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) return event.target.closest("dialog").close();
  const button = event.target.closest("[data-action]");
  if (!button || !event.isTrusted || button.type === "submit" || button.tagName === "A") return;
  if (Precept.actions.has(button.dataset.action) && !Precept.typing(button)) Precept.run(button.dataset.action);
});
