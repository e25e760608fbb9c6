// What the pages share beside keys: the token of the session on every request, toasts with undo, help and palette.
"use strict";
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.querySelector('meta[name="csrf"]').content;
});
// A refusal is shown where an answer would have been; nothing fails in silence.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) {
    event.detail.shouldSwap = false;
    const box = document.createElement("template");
    box.innerHTML = event.detail.xhr.responseText;
    Precept.toast(box.content.querySelector(".problem")?.textContent || `Refused (${event.detail.xhr.status}).`, { bad: true });
  }
});
document.addEventListener("htmx:sendError", () => Precept.toast("The server cannot be reached; nothing was sent.", { bad: true }));

Precept.toast = (text, { undo = null, bad = false } = {}) => {
  const toast = document.createElement("div");
  toast.className = bad ? "toast bad" : "toast";
  toast.append(text);
  if (undo) {
    const button = Object.assign(document.createElement("button"), { textContent: "Undo", type: "button" });
    button.dataset.action = "undo";
    button.addEventListener("click", () => { undo(); toast.remove(); });
    toast.append(" ", button);
  }
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), bad ? 12000 : 8000);
};

Precept.on("help", () => {
  const dialog = document.getElementById("help");
  const rows = Precept.map.map((e) => {
    const row = document.createElement("tr");
    const key = document.createElement("kbd");
    key.textContent = Precept.shown(e.key);
    row.insertCell().append(key);
    row.insertCell().textContent = e.label;
    return row;
  });
  const title = Object.assign(document.createElement("h2"), { id: "help-title", textContent: "Keys" });
  const table = document.createElement("table");
  table.append(...rows);
  dialog.replaceChildren(title, table);
  if (dialog.open) dialog.close(); else dialog.showModal();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button && Precept.actions.has(button.dataset.action) && event.isTrusted) Precept.run(button.dataset.action);
});
