// Exchanges the hash in the address's fragment for a session and drops it from the address bar. Without this script the
// form on the page does the same. In a frame of another site browsers keep no session; then a link leads to a tab of its own.
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

  // Not from the fragment, which is gone: whoever had it must not lose it to a frame.
  const leave = (hash) => {
    opening.hidden = true;
    const link = document.getElementById("own-tab");
    link.href = `${location.pathname}#${encodeURIComponent(hash)}`;
    const framed = document.getElementById("framed");
    framed.hidden = false;
    framed.focus();
  };

  const keepsSession = async () => {
    const home = await fetch("/p/home", { method: "HEAD", credentials: "same-origin", redirect: "manual", cache: "no-store" });
    return home.ok;
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
    document.getElementById("framed").hidden = true;
    opening.hidden = false;
    try {
      const answer = await fetch("/p/session", {
        method: "POST",
        headers: { "X-Payout-Hash": hash },
        credentials: "same-origin",
        redirect: "error",
        cache: "no-store",
      });
      if (answer.status !== 204) {
        fail();
      } else if (window.top === window || (await keepsSession())) {
        location.replace("/p/home");
      } else {
        leave(hash);
      }
    } catch {
      fail();
    }
  };

  addEventListener("hashchange", open);
  open();
})();
