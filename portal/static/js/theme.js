// Before the first paint: the theme kept by this browser, else the system's. Loaded blocking, in the head.
(function () {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let kept = null;
  try { kept = localStorage.getItem("theme"); } catch { /* storage may be forbidden: the system's theme holds */ }

  function apply() { root.dataset.bsTheme = kept || (dark.matches ? "dark" : "light"); }
  apply();
  dark.addEventListener("change", apply);

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    kept = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", kept); } catch { /* for this page only, then */ }
    apply();
  });
})();
