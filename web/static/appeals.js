// The appeals workbench: the form at hand by Ctrl Enter, and the field that comes next in focus.
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
  // A form that opens puts its first field in focus; typing can begin at once.
  document.addEventListener("toggle", (event) => {
    if (event.target.open) event.target.querySelector("form select, form input:not([type='hidden']), form textarea")?.focus();
  }, true);
}
