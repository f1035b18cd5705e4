// Walks by key. Inside the element, every [data-walk] is a stop (J, K and arrows move the focus from one to the next);
// any other key presses the control marked with it, data-key="e", in the current stop or, without stops, in the element.
const TYPING = "input, textarea, select, dialog, [contenteditable]"

export default function walk(element) {
  const current = () => document.activeElement.closest("[data-walk]") ?? element.querySelector("[data-walk]:hover")

  document.addEventListener("keydown", (event) => {
    if (!element.isConnected || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.defaultPrevented || event.target.closest(TYPING)) return
    if (event.key.length === 1 && event.key !== " " && localStorage.getItem("keys") === "off") return
    if (event.key === " " && event.target.closest("button, summary")) return
    const stops = [...element.querySelectorAll("[data-walk]")]
    const next = stops.length && neighbour(stops, current(), event.key)
    if (next) next.querySelector("a").focus()
    else if (!press(stops.length ? current() : element, event.key)) return
    event.preventDefault()
  })

  element.addEventListener("contextmenu", (event) => {
    const stop = event.target.closest("[data-walk]")
    if (event.pointerType !== "touch" || !stop) return
    event.preventDefault() // a long press shows the picture's tools, as hovering does
    stop.querySelector("a").focus()
  })
}

function press(scope, key) {
  const name = key === " " ? "Space" : key
  const control = [...(scope?.querySelectorAll("[data-key]") ?? [])].find((it) => it.dataset.key.split(" ").includes(name))
  control?.click()
  return control
}

function neighbour(stops, from, key) {
  const backwards = document.dir === "rtl" ? "ArrowRight" : "ArrowLeft"
  const forwards = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight"
  const place = stops.indexOf(from)
  if (key === "j" || key === forwards) return stops[place + 1]
  if (key === "k" || key === backwards) return stops[Math.max(place, 1) - 1]
  if (key === "ArrowDown" || key === "ArrowUp") return from ? inNextRow(stops, from, key === "ArrowDown") : stops[0]
}

function inNextRow(stops, from, down) {
  const here = from.getBoundingClientRect()
  const centre = here.left + here.width / 2
  const boxes = stops.map((stop) => ({ stop, box: stop.getBoundingClientRect() }))
  const beyond = boxes.filter(({ box }) => (down ? box.top >= here.bottom : box.bottom <= here.top))
  if (!beyond.length) return
  const row = (down ? beyond[0] : beyond.at(-1)).box.top
  const distance = ({ box }) => Math.abs(box.left + box.width / 2 - centre)
  return beyond.filter(({ box }) => box.top === row).sort((a, b) => distance(a) - distance(b))[0].stop
}
