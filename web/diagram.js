// The space-time diagram as a file: SVG with its colours written into it, or PNG drawn from that.
// Fetched when somebody asks for it.

const STYLES = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap",
  "opacity", "paint-order", "font-family", "font-size", "font-weight", "text-anchor",
];

const standalone = (svg) => {
  const { width, height } = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true);
  const copies = copy.querySelectorAll("*");
  svg.querySelectorAll("*").forEach((element, index) => {
    const style = getComputedStyle(element);
    for (const name of STYLES) {
      copies[index].style.setProperty(name, style.getPropertyValue(name));
    }
    copies[index].removeAttribute("class");
  });
  // What only the mouse needs.
  copy.querySelectorAll("[data-hit]").forEach((element) => element.remove());
  copy.removeAttribute("class");
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", "100%");
  paper.setAttribute("height", "100%");
  paper.setAttribute("fill", getComputedStyle(svg.parentElement).backgroundColor);
  copy.prepend(paper);
  const text = new XMLSerializer().serializeToString(copy);
  return { text, width, height };
};

const drawn = async ({ text, width, height }) => {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * width;
  canvas.height = 2 * height;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
};

// Gives the diagram that is shown to the reader as a file.
export const save = async (kind, name) => {
  const svg = document.querySelector("svg.lanes");
  if (!svg) return;
  const file = standalone(svg);
  const blob =
    kind === "png" ? await drawn(file) : new Blob([file.text], { type: "image/svg+xml" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
