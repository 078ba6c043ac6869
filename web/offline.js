// Has the page kept for when there is no network (`sw.js`), and says when a newer one has come.
// Fetched when the page stands.

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
  const registration = await serviceWorker.register("./sw.js", { updateViaCache: "none" });
  const ask = () => registration.active?.postMessage("renewed?");
  const watch = () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "activated") ask();
    });
  };
  watch();
  registration.addEventListener("updatefound", watch);
  ask();
  // Without a network there is nothing new.
  registration.update().catch(() => {});
}
