// Has the page kept for when there is no network (`sw.js`), and says when a newer one has come.
// Fetched when the page stands.

// How long after a failed attempt the next one comes, in milliseconds; twice as long after each.
const FIRST_PAUSE = 5000;

const say = () => {
  if (document.getElementById("renewed")) return;
  const chinese = document.documentElement.lang.toLowerCase().startsWith("zh");
  const [text, now, later] = chinese
    ? ["Lockstep 有了新版本，下次打开页面时启用。", "现在重新加载", "关闭"]
    : ["There is a new version of Lockstep; it is used from the next time the page opens.", "Reload now", "Close"];
  const notice = document.createElement("div");
  notice.id = "renewed";
  notice.className = "toast";
  notice.setAttribute("role", "status");
  const words = document.createElement("span");
  words.textContent = text;
  const button = (label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "link";
    made.textContent = label;
    made.onclick = act;
    return made;
  };
  notice.append(words, button(now, () => location.reload()), button(later, () => notice.remove()));
  document.body.append(notice);
};

const { serviceWorker } = navigator;
// `lockstep play` with live nodes has a page of its own, which nothing must stand before.
const live = document.querySelector('meta[name="lockstep-live"]');
if (live) {
  const known = await serviceWorker.getRegistration("./");
  await known?.unregister();
} else {
  serviceWorker.addEventListener("message", ({ data }) => {
    if (data === "renewed") say();
  });
  serviceWorker.startMessages();
  // Browsers can be told to keep nothing: then the page is there as long as the network is.
  const refused = () => null;
  const registration = await serviceWorker
    .register("./sw.js", { updateViaCache: "none" })
    .catch(refused);
  const ask = () => registration.active?.postMessage("renewed?");
  // Without a network there is nothing new.
  const look = () => registration.update().catch(refused);
  let pause = FIRST_PAUSE;
  const watch = () => {
    const worker = registration.installing;
    let kept = false;
    worker?.addEventListener("statechange", () => {
      kept ||= worker.state === "installed";
      if (worker.state === "activated") ask();
      if (worker.state !== "redundant" || kept) return;
      // Half of a build: whoever puts it there will have put the rest there soon.
      setTimeout(look, pause);
      pause *= 2;
    });
  };
  if (registration) {
    watch();
    registration.addEventListener("updatefound", watch);
    ask();
    look();
  }
}
