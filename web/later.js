// The page's start where its module was divided (`cargo xtask web`): the page appears with the
// first part, the second comes as soon as it is there. What stands here follows wasm-bindgen's own
// script, whose `wasm` are the exports of the first part.

// These need the first part only: to step through the opening world, there and back.
const FREE = '[data-testid="step"], [data-testid="back"], [data-testid="slider"]';
const TYPES = ["click", "keydown", "input", "change"];
// Of these something is made later only: drawing lines, dragging, what lights up under the pointer.
const DROPPED = [
  ..."cancel down enter leave move out over up".split(" ").map((what) => `pointer${what}`),
  ..."down enter leave move out over up".split(" ").map((what) => `mouse${what}`),
  ..."wheel scroll focusin focusout keyup".split(" "),
];
// Input that waits for the second part, in its order; `text` is what a field held.
const held = [];
const address = new URL("./LATER_WASM", import.meta.url);
let notice = null;
let failing = false;
let complete = false;
let whole = null;
// What is fetched beside the program is shown when the program is there.
globalThis.lockstepWhole = new Promise((resolve) => (whole = resolve));

const say = () => {
  if (!notice) return;
  const chinese = document.documentElement.lang.toLowerCase().startsWith("zh");
  const [loading, missing] = chinese
    ? ["正在加载程序的其余部分……", "程序的其余部分未能下载，正在重试。请检查网络连接。"]
    : [
        "Loading the rest of the program…",
        "The rest of the program cannot be fetched; trying again. Is the connection up?",
      ];
  notice.textContent = failing ? missing : loading;
};

const isFree = ({ type, target, key, altKey, ctrlKey, metaKey, shiftKey }) => {
  if (!(target instanceof Element)) return false;
  if (type !== "keydown") return target.closest(FREE) !== null;
  const plain = !(altKey || ctrlKey || metaKey || shiftKey);
  return plain && target.localName === "body" && (key === "ArrowRight" || key === "ArrowLeft");
};

const hold = (event) => {
  // What comes after something that waits must wait too.
  if (held.length === 0 && isFree(event)) return;
  event.stopImmediatePropagation();
  const { target } = event;
  const enter = event.type === "keydown" && event.key === "Enter" && !event.isComposing;
  const line = enter && "value" in target;
  held.push({ event, target, text: line ? target.value : null });
  if (line) target.value = "";
  if (notice) return;
  notice = document.createElement("div");
  notice.id = "loading";
  notice.setAttribute("role", "status");
  say();
  document.body.append(notice);
};

const drop = (event) => event.stopImmediatePropagation();

const release = () => {
  for (const type of DROPPED) removeEventListener(type, drop, true);
  for (const type of TYPES) removeEventListener(type, hold, true);
  notice?.remove();
  for (const { event, target, text } of held) {
    // What was typed since belongs to the next line.
    const since = target.value;
    if (text !== null) target.value = text;
    target.dispatchEvent(new event.constructor(event.type, event));
    if (text !== null) target.value = since;
  }
};

const fetchLater = async () => {
  for (let wait = 500; ; wait = Math.min(2 * wait, 4000)) {
    try {
      const answer = await fetch(address);
      if (answer.ok) return await answer.arrayBuffer();
    } catch {
      // The network: once more.
    }
    failing = true;
    say();
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
};

const fill = (later) => {
  if (!complete) new WebAssembly.Instance(later, { ...imports, first: wasm });
  complete = true;
};

// A function of the first part has called one of the second, which has not come. It cannot go on
// without, so this once the page stands still until the second part is there.
const load = () => {
  if (complete) return;
  const request = new XMLHttpRequest();
  request.open("GET", address, false);
  request.overrideMimeType("text/plain; charset=x-user-defined");
  request.send();
  if (request.status !== 200) throw new WebAssembly.RuntimeError(`${address}: ${request.status}`);
  fill(new WebAssembly.Module(Uint8Array.from(request.responseText, (c) => c.charCodeAt(0))));
};

for (const type of TYPES) addEventListener(type, hold, true);
for (const type of DROPPED) addEventListener(type, drop, true);
const imports = __wbg_get_imports();
imports.later = { load };
{
  const answer = await fetch(new URL("./FIRST_WASM", import.meta.url));
  const { instance, module } = await __wbg_load(answer, imports);
  __wbg_finalize_init(instance, module);
}
const later = await WebAssembly.compile(await fetchLater());
fill(later);
release();
whole();
