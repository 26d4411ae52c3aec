// Exchanges the hash in the address's fragment for a session and drops it from the address bar. Without this script the
// form on the page does the same.
"use strict";
(() => {
  const opening = document.getElementById("opening");
  const wrong = document.getElementById("wrong");
  const form = document.getElementById("enter");

  const fail = () => {
    opening.hidden = true;
    form.hidden = false;
    wrong.hidden = false;
    wrong.focus();
  };

  const open = async () => {
    const hash = decodeURIComponent(location.hash.slice(1)).trim();
    // Also the skip link's target is a fragment.
    if (hash === "" || document.getElementById(hash)) {
      return;
    }
    history.replaceState(null, "", location.pathname);
    form.hidden = true;
    wrong.hidden = true;
    opening.hidden = false;
    try {
      const answer = await fetch("/p/session", {
        method: "POST",
        headers: { "X-Payout-Hash": hash },
        credentials: "same-origin",
        redirect: "error",
        cache: "no-store",
      });
      if (answer.status === 204) {
        location.replace("/p/home");
      } else {
        fail();
      }
    } catch {
      fail();
    }
  };

  addEventListener("hashchange", open);
  open();
})();
