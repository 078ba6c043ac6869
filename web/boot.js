// Before the first paint: the colours and the language chosen earlier, so that nothing flickers.
(() => {
  const html = document.documentElement;
  let theme = null;
  let lang = null;
  try {
    theme = localStorage.getItem("lockstep.theme");
    lang = localStorage.getItem("lockstep.lang");
  } catch {
    // A browser that refuses storage: the system's settings hold.
  }
  if (theme === "light" || theme === "dark") html.dataset.theme = theme;
  if ((lang || navigator.language || "").toLowerCase().startsWith("zh")) html.lang = "zh-CN";
})();
