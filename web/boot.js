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
  // What the address asks for holds for this page, and is not remembered.
  const asked = new URLSearchParams(location.search);
  theme = asked.get("theme") ?? theme;
  if (asked.has("lang")) html.dataset.lang = lang = asked.get("lang");
  if (asked.get("embed") === "1") html.dataset.embed = "";
  if (theme === "light" || theme === "dark") html.dataset.theme = theme;
  if ((lang || navigator.language || "").toLowerCase().startsWith("zh")) html.lang = "zh-CN";

  // A browser that refuses leaves the address to be copied by hand.
  globalThis.lockstepCopy = (text) => navigator.clipboard?.writeText(text).catch(() => {});

  // A text beside the page. Who asked hears of it once all of the program is there: lessons are not
  // what it should wait for. Nothing: it cannot be had.
  globalThis.lockstepFetch = async (path, done) => {
    let text;
    try {
      const answer = await fetch(path);
      if (answer.ok) text = await answer.text();
    } catch {
      // The network.
    }
    await globalThis.lockstepWhole;
    done(text);
  };

  globalThis.lockstepWhenWhole = async (done) => {
    await globalThis.lockstepWhole;
    done();
  };

  // A file for the reader. The bytes are copied before this returns.
  globalThis.lockstepGive = (name, bytes) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes]));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  globalThis.lockstepSaveText = globalThis.lockstepGive;

  // The diagram as a file; the code for that comes when somebody wants one.
  globalThis.lockstepSave = (kind, name) =>
    import("./diagram.js").then((diagram) => diagram.save(kind, name));

  // What live nodes tell; likewise. Without a function to call it ends.
  let live = null;
  globalThis.lockstepLive = (each) => {
    const wanted = (live = import("./live.js"));
    wanted.then((told) => live === wanted && (each ? told.follow(each) : told.stop()));
  };
  globalThis.lockstepLiveTaken = () => live?.then((told) => told.taken());

  // Files that are brought, dropped anywhere or chosen. They stay where they are until the page's
  // code asks for a piece; those that come before it does wait for it.
  const brought = [];
  let take = (...file) => brought.push(file);
  const bring = (file) => file && take(file, file.name, file.size);
  globalThis.lockstepFiles = (each) => {
    take = each;
    for (const file of brought.splice(0)) take(...file);
  };
  globalThis.lockstepRead = (file, from, to, done) =>
    file.slice(from, to).arrayBuffer().then(
      (bytes) => done(new Uint8Array(bytes)),
      () => done(undefined),
    );
  const holdsFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  const over = (event) => {
    const on = event.type === "dragover" && holdsFiles(event);
    if (on) event.preventDefault();
    html.classList.toggle("dropping", on);
  };
  for (const type of ["dragover", "dragleave", "dragend"]) addEventListener(type, over);
  addEventListener("drop", (event) => {
    html.classList.remove("dropping");
    if (!holdsFiles(event)) return;
    event.preventDefault();
    bring(event.dataTransfer.files[0]);
  });
  addEventListener("change", ({ target }) => {
    if (target.type !== "file") return;
    bring(target.files[0]);
    // The same file can be chosen again.
    target.value = "";
  });

  // Kept for when there is no network; not on behalf of another page.
  if ("serviceWorker" in navigator && !("embed" in html.dataset)) {
    addEventListener("load", () => import("./offline.js"));
  }

  // The page's code ends at once when it finds itself wrong, and cannot say so itself.
  const chinese = () => html.lang.toLowerCase().startsWith("zh");
  const stopped = (error) => {
    if (!(error instanceof WebAssembly.RuntimeError) || document.getElementById("stopped")) return;
    const notice = document.createElement("div");
    notice.id = "stopped";
    notice.setAttribute("role", "alert");
    notice.textContent = chinese()
      ? "程序发现了自身的错误，已经停止。请重新加载页面；浏览器控制台里有出错的位置。"
      : "The program found a mistake of its own and has stopped. Reload the page to start over; " +
        "the browser's console has the place.";
    document.body.prepend(notice);
  };
  addEventListener("error", (event) => stopped(event.error));
  addEventListener("unhandledrejection", (event) => stopped(event.reason));
})();
