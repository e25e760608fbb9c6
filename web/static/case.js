// Lists and the page of a case: covering content, acts with undo and the next case fetched ahead, steps as they come.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const page = () => document.getElementById("case");

  // ---- covering: what is covered is inert, so that it is neither read out nor selected
  const shields = () => $$("[data-shield]");
  const covered = (shield, harm) => !shield.classList.contains("bare") && (harm.classList.contains("strong") ||
    (!shield.classList.contains("cover-none") && !(shield.classList.contains("cover-marked") && harm.classList.contains("text"))));
  const cover = () => {
    for (const shield of shields()) for (const harm of $$("[data-harm]", shield)) harm.inert = covered(shield, harm);
    const first = shields()[0];
    for (const [action, name] of [["uncover", "bare"], ["colour", "coloured"]])
      for (const button of $$(`[data-action="${action}"]`)) {
        const on = Boolean(first?.classList.contains(name));
        button.setAttribute("aria-pressed", String(on));
        $("span", button).textContent = on ? button.dataset.on : button.dataset.off;
      }
  };
  const toggle = (name) => () => { for (const s of shields()) s.classList.toggle(name); cover(); };
  Precept.on("uncover", toggle("bare"));
  Precept.on("colour", toggle("coloured"));

  // ---- moving in lists, and among marked words
  const move = (step) => () => {
    const lines = $$("[data-row]"), rows = lines.length ? lines : $$(".content a.marked");
    if (!rows.length) return false;
    const now = rows.findIndex((r) => r.classList.contains("here"));
    rows[now]?.classList.remove("here");
    const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
    next.classList.add("here");
    next.scrollIntoView({ block: "nearest" });
    (lines.length ? $("a", next) : next)?.focus({ preventScroll: true });
  };
  Precept.on("down", move(1));
  Precept.on("up", move(-1));
  Precept.on("go", () => { const link = $("[data-row].here a[data-go]"); if (!link) return false; link.click(); });
  Precept.on("pick", () => { const box = $('[data-row].here input[type="checkbox"]'); if (!box || box.disabled) return false; box.click(); });
  Precept.on("note", () => $('[data-focus="note"]')?.focus());
  Precept.on("ask", () => $('[data-focus="ask"]')?.focus());
  Precept.on("text", () => $('[data-focus="text"]')?.focus());
  Precept.on("reason", () => $('dialog[open] [data-focus="reason"], main [data-focus="reason"]')?.focus());
  Precept.on("chain", () => { const d = $('[data-details="chain"]'); if (!d) return false; d.open = !d.open; d.scrollIntoView({ block: "nearest" }); });
  Precept.on("accept", () => { if (Precept.button("accept")) return false; return Precept.run("act"); });
  document.addEventListener("click", (event) => {
    const mark = event.target.closest("a.marked, a[href^='#finding-']");
    const finding = mark && document.getElementById(mark.getAttribute("href").slice(1));
    if (finding) finding.open = true;
  });

  // ---- dialogs of the acts
  const when = (form) => {
    const outcome = $('[name="outcome"]:checked', form)?.value;
    for (const part of $$("[data-when]", form)) {
      part.hidden = part.dataset.when !== outcome;
      for (const field of $$("input, select", part)) field.disabled = part.hidden;
    }
  };
  const band = (form) => {
    const rule = $('[name="rule_id"]:checked', form), told = $("[data-band]", form);
    if (rule && told) told.textContent = `${rule.value} goes from ${rule.dataset.low} to ${rule.dataset.high}`;
  };
  const choose = (outcome) => () => {
    const form = $("dialog[open] form"), radio = form && $(`[name="outcome"][value="${outcome}"]`, form);
    if (!radio) return false;
    radio.checked = true; when(form);
    (outcome === "act" ? $('[name="rule_id"]:checked', form) || $('[name="rule_id"]', form) : $('[data-focus="reason"]', form)).focus();
  };
  Precept.on("choose-act", choose("act"));
  Precept.on("choose-allow", choose("allow"));
  Precept.on("sift", () => { const field = $("dialog[open] [data-sift]"); if (!field?.offsetParent) return false; field.focus(); });
  for (let n = 1; n <= 9; n += 1) Precept.on(`pick-${n}`, () => {
    const form = $("dialog[open] form"), rule = form && $$('[name="rule_id"]', form)[n - 1];
    if (!rule || rule.disabled) return false;
    if (!rule.checked) $('[name="severity"]', form).value = "";
    rule.checked = true; band(form);
    $('[data-focus="reason"]', form).focus();
  });
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (!opener) return;
    const dialog = document.getElementById(opener.dataset.open), form = $("form", dialog);
    const outcome = opener.dataset.outcome && $(`[name="outcome"][value="${opener.dataset.outcome}"]`, form);
    if (outcome) outcome.checked = true;
    when(form); band(form);
    dialog.showModal();
    const rule = opener.dataset.outcome === "act" && ($('[name="rule_id"]:checked', form) || $('[name="rule_id"]', form));
    (rule || $('[data-focus="reason"]', form)).focus();
  });
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form) return;
    if (event.target.name === "outcome") when(form);
    if (event.target.name === "rule_id") band(form);
  });
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-sift]")) return;
    const wanted = event.target.value.trim().toLowerCase();
    for (const rule of $$(".rule", event.target.closest("fieldset"))) rule.hidden = !rule.textContent.toLowerCase().includes(wanted);
  });
  document.addEventListener("keydown", (event) => {  // Enter in the box that finds a rule takes the first, and decides nothing
    if (event.key !== "Enter" || !event.target.matches?.("[data-sift]")) return;
    event.preventDefault();
    const first = $$(".rule", event.target.closest("fieldset")).find((r) => !r.hidden);
    if (first) { $("input", first).checked = true; band(event.target.form); $('[data-focus="reason"]', event.target.form).focus(); }
  });

  // ---- acts: sent without leaving the page, undone by a key, and on to the next case, which was fetched ahead
  let ahead = null;
  const send = async (url, body) => {
    const headers = { "X-CSRF-Token": Precept.token(), Accept: "application/json", "HX-Request": "true" };
    try {
      const answer = await fetch(url, { method: "POST", body: new URLSearchParams(body), headers });
      if (answer.ok) return answer;
      Precept.toast(Precept.problem(await answer.text(), answer.status), { bad: true });
    } catch { Precept.toast("The server cannot be reached; nothing was sent.", { bad: true }); }
    return null;
  };
  const told = (done) => Precept.toast(done.told, done.undo ? { undo: () => undo(done.undo) } : {});
  const undo = async (url) => {
    const answer = await send(url, {});
    ahead = null;  // what was fetched ahead may be this very case, as it was before
    if (answer) go(await answer.json());
  };
  const go = (done) => {
    if (ahead && done.case === ahead.id) { show(ahead.html, done.next); told(done); return; }
    sessionStorage.setItem("precept.done", JSON.stringify({ ...done, at: Date.now() }));
    location.assign(done.next);
  };
  const show = (html, url) => {
    ahead = null;
    const fresh = new DOMParser().parseFromString(html, "text/html");
    document.title = fresh.title;
    document.getElementById("main").replaceChildren(...document.importNode($("#main", fresh), true).childNodes);
    history.pushState({}, "", url);
    htmx.process(document.getElementById("main"));
    Precept.load(); begin(true);
    scrollTo(0, 0);
    document.getElementById("main").focus({ preventScroll: true });
  };
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.matches("[data-act]")) {
      event.preventDefault();
      if (form.dataset.busy) return;
      form.dataset.busy = "yes";
      const answer = await send(form.action, new FormData(form));
      delete form.dataset.busy;
      if (answer) { form.closest("dialog")?.close(); go(await answer.json()); }
    } else if (form.matches("[data-stream]")) {
      event.preventDefault();
      stream(form.dataset.stream, new FormData(form));
    }
  });
  addEventListener("popstate", () => location.reload());
  const fetchAhead = async () => {
    const own = page();
    if (!own || own.dataset.advance !== "yes" || !document.getElementById("decide")) return;
    const url = new URL(own.dataset.ahead, location.href);
    url.pathname = "/queue/ahead";
    url.searchParams.set("but", own.dataset.case);
    const answer = await fetch(url).catch(() => null);
    const id = answer?.ok && answer.headers.get("X-Case");
    if (id) ahead = { id, html: await answer.text() };
  };

  // ---- presence: the claim goes on while somebody is there
  let active = Date.now(), presence = null;
  for (const kind of ["keydown", "pointerdown", "scroll"]) addEventListener(kind, () => { active = Date.now(); }, { passive: true });
  const present = async (take) => {
    const own = page();
    if (!own || Date.now() - active > 600000) return;
    const answer = await fetch(`/cases/${own.dataset.case}/present`, {
      method: "POST", body: new URLSearchParams(take ? { take: "true" } : {}), headers: { "X-CSRF-Token": Precept.token(), "HX-Request": "true" } }).catch(() => null);
    const place = document.getElementById("presence");
    if (!answer || page() !== own || !place) return;
    const text = await answer.text();
    if (answer.ok) place.innerHTML = text;
    else Precept.toast(Precept.problem(text, answer.status), { bad: true });
  };

  // ---- steps as they finish
  const stream = async (url, body) => {
    const list = document.getElementById("steps");
    list.replaceChildren();
    document.getElementById("steps-none")?.remove();
    list.setAttribute("aria-busy", "true");
    const answer = await send(url, body);
    if (answer) {
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const events = (rest + part.value).split("\n\n");
        rest = events.pop();
        for (const event of events) {
          const step = JSON.parse(event.slice(event.indexOf("data: ") + 6));
          if (step.name !== "end") list.append(line(step));
        }
      }
    }
    list.removeAttribute("aria-busy");
  };
  const line = (step) => {
    const item = document.createElement("li");
    if (step.problem) item.className = "warn";
    item.append(Object.assign(document.createElement("b"), { textContent: step.name.replaceAll("_", " ") }), " ", step.told);
    if (step.case) item.append(" ", Object.assign(document.createElement("a"), { href: step.case, textContent: "Open the case" }));
    return item;
  };
  Precept.on("rejudge", () => { const b = $('[data-action="rejudge"]'); if (!b) return false; document.getElementById("steps").scrollIntoView({ block: "center" }); stream(b.dataset.stream, {}); });

  // ---- counts of the tabs
  const refresh = async () => {
    const tabs = document.getElementById("tabs");
    if (!tabs || document.hidden || document.body.dataset.workbench !== "queue") return;
    const answer = await fetch(tabs.dataset.refresh + location.search).catch(() => null);
    if (answer?.ok && !tabs.contains(document.activeElement)) { tabs.outerHTML = await answer.text(); Precept.load(); }
  };

  const begin = (taken) => {
    cover();
    for (const form of $$("form")) if ($("[data-when]", form)) when(form);
    clearInterval(presence);
    presence = setInterval(present, 45000);
    present(taken);
    setTimeout(fetchAhead, 150);
  };
  document.addEventListener("DOMContentLoaded", () => {
    begin(false);
    setInterval(refresh, 30000);
    const kept = sessionStorage.getItem("precept.done");
    sessionStorage.removeItem("precept.done");
    if (kept) { const done = JSON.parse(kept); if (Date.now() - done.at < 20000) told(done); }
  });
  document.addEventListener("htmx:afterSettle", cover);
})();
