// What script adds to pages that work without it: times in the reader's own zone, copy buttons, and a key that leads to the search.
"use strict";

const language = document.documentElement.lang || "en";

const localise = (root) => {
  for (const time of root.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.textContent = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(at);
  }
};
localise(document);
// A script that puts new content into a page says so with this event.
document.addEventListener("shown", (event) => localise(event.target));

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.getAttribute("aria-label");
    button.classList.add("is-done");
    button.setAttribute("aria-label", button.dataset.copied);
    setTimeout(() => {
      button.classList.remove("is-done");
      button.setAttribute("aria-label", label);
    }, 2000);
  });
}

const search = document.getElementById("find");
if (search) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    const wanted = (event.key === "/" && !typing) || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey));
    if (!wanted || (event.altKey || event.shiftKey)) return;
    event.preventDefault();
    if (!search.offsetParent) location.hash = "menu";
    search.focus();
    search.select();
  });
}

// A control with data-key is pressed by that key: a letter, without modifiers, outside of fields.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const control = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!control) return;
  event.preventDefault();
  if (control.matches("input, textarea")) control.focus();
  else control.click();
});
