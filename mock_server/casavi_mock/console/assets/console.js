/* What HTML alone cannot do: keys, copying, dropping a file, a clock that runs on. Pages work without it. */
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
  const typing = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;

  const moveBy = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  };

  document.addEventListener("keydown", (event) => {
    const help = document.getElementById("help");
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || help.open) return;
    if (event.key === "j") moveBy(1);
    else if (event.key === "k") moveBy(-1);
    else if (event.key === "?") help.showModal();
    else if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (!search) return;
      search.focus();
      search.select();
    } else return;
    event.preventDefault();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const shown = document.getElementById(button.dataset.copy);
    const before = button.textContent;
    try {
      const from = button.dataset.from;
      const text = from ? await (await fetch(from)).text() : shown.textContent;
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      // Browsers have a clipboard for pages under loopback and TLS alone; elsewhere the text is chosen to be copied.
      getSelection().selectAllChildren(shown);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { button.textContent = before; }, 2000);
  });

  // A file that is dropped anywhere on a page with a form for it goes into that form.
  const form = document.querySelector("[data-drop]");
  if (form) {
    document.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over-me"); });
    document.addEventListener("dragleave", () => form.classList.remove("over-me"));
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("over-me");
      const field = form.querySelector("input[type=file]");
      if (field && event.dataTransfer.files.length) field.files = event.dataTransfer.files;
    });
  }

  // The account's clock runs on as this machine's does; how far it is ahead was told with the page.
  const begun = new WeakMap();
  setInterval(() => {
    if (document.hidden) return;
    for (const shown of document.querySelectorAll("[data-runs]")) {
      if (!begun.has(shown)) begun.set(shown, performance.now());
      const at = new Date(Date.parse(shown.dataset.now) + performance.now() - begun.get(shown));
      if (!Number.isNaN(at.getTime())) shown.textContent = at.toISOString();
    }
  }, 1000);

  // A page that nobody sees asks for nothing; one whose reader has a part of it in hand is left alone.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden) event.preventDefault();
  });
  let chosen = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    const chooses = !getSelection().isCollapsed && target.contains(getSelection().anchorNode);
    if (chooses && event.detail.xhr.status === 200) event.detail.shouldSwap = false;
    const active = document.activeElement;
    chosen = target.contains(active) ? active : null;
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (!chosen) return;
    const same = chosen.id ? document.getElementById(chosen.id) : again(chosen);
    chosen = null;
    if (same) same.focus({ preventScroll: true });
  });
  const again = (gone) =>
    [...document.querySelectorAll(gone.tagName)].find(
      (one) => one.textContent === gone.textContent && one.form?.action === gone.form?.action && one.href === gone.href,
    );
  const reachable = (isGone) => { document.getElementById("gone").hidden = !isGone; };
  document.addEventListener("htmx:sendError", () => reachable(true));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.xhr.status) reachable(false);
  });
})();
