// The policy workbench: dialogs, the editor (line numbers, jumps to faults, completion from the JSON schema) and the
// list of flips. Lint and saving are htmx; everything that is kept is kept by the server.
"use strict";
(() => {
  const $ = (q, root = document) => root.querySelector(q), $$ = (q, root = document) => [...root.querySelectorAll(q)];

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (!opener) return;
    const dialog = document.getElementById(opener.dataset.dialog);
    dialog.showModal();
    ($("textarea, input:not([type=hidden])", dialog) || dialog).focus();
  });

  Precept.on("commit", () => { const form = $("dialog[open] form"); if (!form) return false; form.requestSubmit(); });
  Precept.on("files", () => { const file = $(".files [aria-current], .files a"); if (!file) return false; file.focus(); });
  const tab = (by) => () => {
    const all = $$(".tabs a"), now = all.findIndex((a) => a.hasAttribute("aria-current")), next = all[now + by];
    if (!next) return false;
    next.click();
  };
  Precept.on("next-tab", tab(1));
  Precept.on("last-tab", tab(-1));

  // Finding a rule in the tree; Enter opens the first that is found.
  $("#sift")?.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); $$("li[data-sift] a").find((a) => a.offsetParent !== null)?.click(); }
  });
  $("#sift")?.addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of $$("[data-sift]")) item.hidden = !words.every((w) => item.dataset.sift.includes(w));
    for (const scene of $$(".scene")) scene.hidden = !$("[data-sift]:not([hidden])", scene);
  });

  // Covered texts are inert, so that they are neither read out nor selected.
  const shield = $("[data-shield]");
  const cover = () => {
    if (!shield) return;
    const bare = shield.classList.contains("bare") || shield.classList.contains("cover-none");
    for (const harm of $$("[data-harm]", shield)) harm.inert = !bare;
    for (const button of $$('[data-action="uncover"]')) {
      button.setAttribute("aria-pressed", String(bare));
      button.firstChild.textContent = bare ? "Cover the texts" : "Show the texts";
    }
  };
  Precept.on("uncover", () => { if (!shield) return false; shield.classList.toggle("bare"); cover(); });
  document.addEventListener("htmx:afterSettle", cover);
  cover();

  // Lines that j and k go along: flips, results of tests, rules of the tree, faults of a draft.
  const rows = () => $$(".pick").filter((r) => r.offsetParent !== null);
  const here = () => $(".pick.here");
  const step = (by) => {
    const all = rows(), now = all.indexOf(here());
    const next = all[Math.max(0, Math.min(all.length - 1, now < 0 ? 0 : now + by))];
    if (!next) return false;
    stand(next);
    next.scrollIntoView({ block: "nearest" });
    if ($("#drawer h2")) open();
    else if (!$("#drawer")) $("a", next)?.focus({ preventScroll: true });
  };
  const stand = (row) => {
    const was = here();
    was?.classList.remove("here");
    was?.removeAttribute("aria-current");
    row.classList.add("here");
    row.setAttribute("aria-current", "true");
  };
  const open = () => {
    const link = $("a", here() || rows()[0]);
    if (!link) return false;
    if (!here()) step(0);
    link.click();
  };
  Precept.on("next-flip", () => step(1));
  Precept.on("last-flip", () => step(-1));
  Precept.on("open-flip", open);
  const mark = (side) => () => {
    const row = here();
    if (!row?.dataset.flip) { Precept.toast("Pick a flip first: j and k."); return; }
    htmx.ajax("POST", `${location.pathname}/flips/${row.dataset.flip}`, { target: `#r-${row.dataset.flip}`, values: { side } })
      .then(() => side !== "neither" && step(1));
  };
  Precept.on("old-right", mark("old"));
  Precept.on("new-right", mark("new"));
  Precept.on("unmark", mark("neither"));
  document.addEventListener("click", (event) => {
    const row = event.target.closest(".pick");
    if (row) stand(row);
  });

  // In the form of a rule the field that has the focus is what is saved.
  Precept.on("save", () => {
    const own = document.activeElement?.closest("form.stack");
    if (!own) return false;
    own.requestSubmit();
  });

  // The editor.
  const text = $("#text");
  if (!text) return;
  const gutter = $("#gutter"), dirty = $("#dirty"), where = $("#where");
  let saved = text.value, wrong = new Set();
  const lineOf = (at) => text.value.slice(0, at).split("\n").length;
  const number = () => {
    const count = text.value.split("\n").length;
    if (gutter.dataset.count !== `${count}:${[...wrong]}`) {
      gutter.replaceChildren(...Array.from({ length: count }, (_, i) => wrong.has(i + 1)
        ? Object.assign(document.createElement("b"), { textContent: `● ${i + 1}\n` }) : `${i + 1}\n`));
      gutter.dataset.count = `${count}:${[...wrong]}`;
    }
    gutter.scrollTop = text.scrollTop;
  };
  const told = () => {
    dirty.textContent = text.readOnly || text.value === saved ? "" : "not saved";
    where.textContent = `line ${lineOf(text.selectionStart)}`;
  };
  const jump = (line, column = 1) => {
    const lines = text.value.split("\n"), at = lines.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0) + column - 1;
    text.focus();
    text.setSelectionRange(at, at);
    text.scrollTop = Math.max(0, (line - 8) * parseFloat(getComputedStyle(text).lineHeight));
    told();
  };
  text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
  for (const name of ["input", "keyup", "click"]) text.addEventListener(name, () => { number(); told(); });
  addEventListener("beforeunload", (event) => { if (!text.readOnly && text.value !== saved) event.preventDefault(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".jump");
    if (link && link.dataset.file === $("#editor [name=file]").value) {
      event.preventDefault();
      jump(Number(link.dataset.line), Number(link.dataset.column));
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "lint") return;
    const done = $("#lint [data-saved]"), file = $("#editor [name=file]").value;
    wrong = new Set($$(".jump").filter((l) => l.dataset.file === file).map((l) => Number(l.dataset.line)));
    number();
    if (!done) return;
    saved = event.detail.requestConfig?.parameters?.text ?? text.value;
    if (typeof saved === "string") saved = saved.replace(/\r\n/g, "\n");
    for (const field of $$("[data-version]")) field.value = done.dataset.saved;
    $("#change").textContent = done.dataset.saved;
    told();
  });
  // Saving answers with the lint of what was saved: a lint of the same text, or of an older one, must not come after it.
  let sent = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "editor") { sent = text.value; htmx.trigger(text, "htmx:abort"); }
    else if (event.detail.elt === text) { if (sent === text.value) event.preventDefault(); else sent = null; }
  });
  document.addEventListener("htmx:responseError", () => { sent = null; });
  Precept.on("save", () => { if (text.readOnly) return false; htmx.trigger("#editor", "submit"); });

  // Completion: the field names and closed sets that the schema allows, and the ids that the file knows.
  const list = $("#complete");
  let options = [], chosen = 0, schema = null;
  const load = async () => (schema ||= await (await fetch(`/policies/drafts/schema/${$("#editor").dataset.schema}.json`)).json());
  const words = (root) => {
    const fields = new Map();
    const walk = (node) => {
      if (!node || typeof node !== "object") return;
      for (const [name, kind] of Object.entries(node.properties || {})) {
        const set = fields.get(name) || new Set();
        const values = (k) => { for (const v of k.enum || []) set.add(String(v)); if (k.type === "boolean") ["true", "false"].forEach((v) => set.add(v)); for (const one of [k.items, ...(k.anyOf || []), ...(k.prefixItems || [])]) if (one) values(one.$ref ? root.$defs[one.$ref.split("/").pop()] || {} : one); };
        values(kind);
        fields.set(name, set);
      }
      for (const value of Object.values(node)) walk(value);
    };
    walk(root);
    return fields;
  };
  const word = () => {
    const before = text.value.slice(0, text.selectionStart), line = before.slice(before.lastIndexOf("\n") + 1);
    return { part: line.match(/[\w./-]*$/)[0], field: line.match(/([\w_]+)\s*:\s*[[{]?[^:]*$/)?.[1] };
  };
  const close = () => { list.hidden = true; options = []; };
  const draw = () => {
    list.replaceChildren(...options.map((o, i) => {
      const item = Object.assign(document.createElement("li"), { textContent: o, id: `option-${i}` });
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(i === chosen));
      item.addEventListener("mousedown", (event) => { event.preventDefault(); chosen = i; take(); });
      return item;
    }));
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  };
  const take = () => {
    const { part } = word(), whole = options[chosen];
    text.setRangeText(whole, text.selectionStart - part.length, text.selectionStart, "end");
    close();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const complete = async () => {
    const fields = words(await load()), { part, field } = word();
    const ids = [...new Set(text.value.match(/\bid: *([\w.-]+)/g) || [])].map((m) => m.slice(3).trim());
    const inside = field && fields.get(field)?.size ? [...fields.get(field)] : [...[...fields.keys()].map((f) => `${f}: `), ...ids];
    options = [...new Set(inside)].filter((o) => o.toLowerCase().startsWith(part.toLowerCase()) && o !== part).sort().slice(0, 60);
    chosen = 0;
    if (!options.length) return close();
    const line = lineOf(text.selectionStart), high = parseFloat(getComputedStyle(text).lineHeight);
    list.hidden = false;
    draw();
    // Through the CSS object model: the policy of the page forbids style in the markup alone.
    const top = text.offsetTop + 8 + line * high - text.scrollTop;
    const room = text.offsetTop + text.clientHeight - top;
    list.style.top = `${room > 80 ? top : top - high - list.offsetHeight - 4}px`;
    list.style.left = `${text.offsetLeft + 16}px`;
  };
  text.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === " ") { event.preventDefault(); event.stopPropagation(); complete(); return; }
    if (list.hidden) return;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) { event.preventDefault(); chosen = (chosen + moves[event.key] + options.length) % options.length; draw(); }
    else if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); take(); }
    else if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close(); }
  });
  text.addEventListener("input", () => { if (!list.hidden) complete(); });
  text.addEventListener("blur", close);
  wrong = new Set($$(".jump").filter((l) => l.dataset.file === $("#editor [name=file]").value).map((l) => Number(l.dataset.line)));
  number();
  if (Number(text.dataset.line) > 0) jump(Number(text.dataset.line));
  told();
})();
