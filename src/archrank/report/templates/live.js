// Keeps the scroll position when the page reloads itself.
const place = "scroll of " + location.pathname;
try {
  if (sessionStorage[place]) scrollTo(0, Number(sessionStorage[place]));
  addEventListener("pagehide", () => { sessionStorage[place] = scrollY; });
} catch { /* a browser that stores nothing for files */ }
