// The page without a network: a service worker that keeps all files of one build.
//
// `cargo xtask web` writes BUILD and FILES: the address of each file beside this one, and the
// SHA-256 of its content. Without them (under Trunk, or with `--dev`) the worker leaves again.
//
// * A build is kept as a whole or not at all: a file whose content is not that of the list (a
//   server in the middle of an update) ends the attempt, and what was kept before stays.
// * A page gets all its files from the build that it began with, as long as it is open, whatever
//   comes meanwhile. The next page begins with the newest build.
// * On this machine's own addresses the network is asked first for the page itself: it is there at
//   once, or it is not.

const BUILD = "";
const FILES = {};

const PREFIX = `lockstep ${registration.scope} `;
const HERE = PREFIX + BUILD;
// Which build a page began with: it outlives this worker, which browsers stop when it rests.
const PAGES = `lockstep-pages ${registration.scope}`;
const LOCAL = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);

const address = (name) => new URL(name, registration.scope).href;
const index = address("index.html");

const digest = async (bytes) => {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

const keep = async (cache, [name, hash]) => {
  // Some hosts send whoever asks for index.html to the folder.
  const from = address(name) === index ? registration.scope : address(name);
  const answer = await fetch(from, { cache: "no-cache" });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  const bytes = await answer.arrayBuffer();
  if ((await digest(bytes)) !== hash) throw new Error(`${name} is of another build`);
  const type = answer.headers.get("Content-Type") ?? "application/octet-stream";
  await cache.put(address(name), new Response(bytes, { headers: { "Content-Type": type } }));
};

const install = async () => {
  const cache = await caches.open(HERE);
  try {
    await Promise.all(Object.entries(FILES).map((file) => keep(cache, file)));
  } catch (error) {
    await caches.delete(HERE);
    throw error;
  }
  await skipWaiting();
};

const builds = async () => (await caches.keys()).filter((name) => name.startsWith(PREFIX));

// Forgets the builds that no open page needs.
const sweep = async () => {
  const pages = await caches.open(PAGES);
  const open = await clients.matchAll({ includeUncontrolled: true, type: "window" });
  const needed = new Set([HERE]);
  for (const request of await pages.keys()) {
    const id = new URL(request.url).searchParams.get("page");
    if (open.some((client) => client.id === id)) {
      needed.add(await (await pages.match(request)).text());
    } else {
      await pages.delete(request);
    }
  }
  for (const name of await builds()) if (!needed.has(name)) await caches.delete(name);
};

const leave = async () => {
  for (const name of [...(await builds()), PAGES]) await caches.delete(name);
  await registration.unregister();
};

const page = (id) => address(`?page=${id}`);

const began = async (id) => {
  const found = id && (await (await caches.open(PAGES)).match(page(id)));
  return found ? found.text() : null;
};

// The page itself.
const open = async ({ request, resultingClientId }) => {
  const kept = await (await caches.open(HERE)).match(index);
  if (LOCAL || !kept) {
    try {
      const fresh = await fetch(request);
      // Of another build: all of that page comes from where it came from.
      if (!kept || (await fresh.clone().text()) !== (await kept.clone().text())) return fresh;
    } catch (error) {
      if (!kept) throw error;
    }
  }
  if (resultingClientId) {
    const pages = await caches.open(PAGES);
    await pages.put(page(resultingClientId), new Response(HERE));
  }
  return kept;
};

// What a page asks for.
const file = async ({ request, clientId }) => {
  const build = await began(clientId);
  if (!build) return fetch(request);
  const kept = await (await caches.open(build)).match(request, { ignoreSearch: true });
  return kept ?? fetch(request);
};

addEventListener("install", (event) => {
  event.waitUntil(BUILD ? install() : skipWaiting());
});

addEventListener("activate", (event) => {
  event.waitUntil(BUILD ? sweep() : leave());
});

// A page asks whether it is still of the newest build.
const asked = async ({ source }) => {
  const build = await began(source.id);
  if (build && build !== HERE) source.postMessage("renewed");
};

addEventListener("message", (event) => {
  event.waitUntil(asked(event));
});

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const scope = new URL(registration.scope);
  if (!BUILD || request.method !== "GET" || origin !== scope.origin) return;
  const own = pathname === scope.pathname || pathname === new URL(index).pathname;
  if (request.mode === "navigate") {
    if (own) event.respondWith(open(event));
  } else if (pathname.startsWith(scope.pathname)) {
    event.respondWith(file(event));
  }
});
