// Follows a withdrawal's state without loading the page again. Without this script the page loads itself again.
"use strict";
(() => {
  const PAUSES = [1500, 1500, 2000, 3000, 5000, 10000];
  let turn = 0;

  const look = async () => {
    const shown = document.getElementById("progress");
    if (shown === null || shown.dataset.ended === "true") {
      return;
    }
    if (!document.hidden) {
      try {
        const answer = await fetch(shown.dataset.follow, { credentials: "same-origin", cache: "no-store" });
        if (answer.redirected) {
          location.reload();
          return;
        }
        if (answer.ok) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          const fresh = page.getElementById("progress");
          if (fresh !== null && fresh.dataset.version !== shown.dataset.version) {
            const had = shown.contains(document.activeElement);
            shown.replaceChildren(...document.importNode(fresh, true).childNodes);
            shown.dispatchEvent(new Event("shown", { bubbles: true }));
            shown.dataset.version = fresh.dataset.version;
            shown.dataset.ended = fresh.dataset.ended;
            document.getElementById("announced").textContent = fresh.dataset.say;
            turn = 0;
            if (had) {
              shown.focus();
            }
          }
        }
      } catch {
        // The network is away for a moment; the next look will tell.
      }
    }
    setTimeout(look, PAUSES[Math.min(turn++, PAUSES.length - 1)]);
  };

  setTimeout(look, PAUSES[0]);
})();
