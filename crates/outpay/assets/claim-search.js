// Searches among brands while one types. Without this script the form of the search does the same with a page of its own. The server
// searches, since the page does not hold all brands.
"use strict";
(() => {
  const form = document.getElementById("search");
  const field = document.getElementById("q");
  let waiting = 0;
  let newest = 0;

  const show = (page) => {
    const shown = document.getElementById("brands");
    const found = page.getElementById("brands");
    if (found === null) {
      return;
    }
    const chosen = shown.querySelector("input:checked");
    const tile = chosen === null ? null : chosen.closest(".brand");
    shown.replaceChildren(...document.importNode(found, true).childNodes);
    // What was chosen stays chosen, also where the search does not find it.
    if (chosen !== null) {
      const same = [...shown.querySelectorAll("input")].find((input) => input.value === chosen.value);
      if (same === undefined) {
        shown.prepend(tile);
      } else {
        same.checked = true;
      }
    }
    document.getElementById("found").textContent = page.getElementById("found").textContent;
  };

  const search = async () => {
    const turn = ++newest;
    try {
      const answer = await fetch(`${form.action}?q=${encodeURIComponent(field.value)}`, { credentials: "same-origin", cache: "no-store" });
      if (answer.ok && !answer.redirected && turn === newest) {
        show(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch {
      // The network is away: the form still works, or says so.
    }
  };

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 200);
  });
})();
