// The appeals workbench: the form at hand by Ctrl Enter, the field that comes next in focus, and what a first view saw.
// Covering, and moving along the rows, are those of case.js.
"use strict";
{
  // Of several forms on the page it is the one that somebody is in.
  Precept.on("commit", () => document.activeElement?.closest("form")?.querySelector('[data-action="commit"]')?.click());
  document.addEventListener("change", (event) => {
    if (event.target.name !== "outcome" || event.target.form?.id !== "look") return;
    const breaks = event.target.value === "act", which = document.querySelector('#look [data-if="act"]');
    which.hidden = !breaks;
    (breaks ? which.querySelector("select") : document.querySelector('#look [name="note"]')).focus();
  });
  // What was uncovered to be looked at stays so on the page that follows the first view; any other page is covered.
  document.addEventListener("submit", (event) => {
    const shield = document.querySelector("#appeal[data-shield]");
    if (event.target.id !== "look" || !shield) return;
    const on = ["bare", "coloured"].filter((name) => shield.classList.contains(name));
    sessionStorage.setItem("precept.looked", JSON.stringify({ at: location.pathname, on }));
  });
  document.addEventListener("DOMContentLoaded", () => {
    const kept = JSON.parse(sessionStorage.getItem("precept.looked") || "null");
    sessionStorage.removeItem("precept.looked");
    if (kept?.at !== location.pathname) return;
    for (const [name, action] of [["bare", "uncover"], ["coloured", "colour"]]) if (kept.on.includes(name)) Precept.run(action);
  });
  // A form that opens puts its first field in focus; typing can begin at once.
  document.addEventListener("toggle", (event) => {
    if (event.target.open) event.target.querySelector("form select, form input:not([type='hidden']), form textarea")?.focus();
  }, true);
}
