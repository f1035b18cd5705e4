// Loads modules of behaviours/ when they are first needed: data-behaviour on fresh content, data-action on a click.

const TOAST_STAYS = 5000 // milliseconds
const PRESSES = ["click", "keydown"]
const started = new WeakMap()
const modules = {} // by name: imports under way end in any order, but what waits for one of them is run in its own
const held = []
let underway = Promise.resolve() // until all that was run up to now is done

function run(name, ...given) {
  modules[name] ??= import(`behaviours/${name}.js`).catch((error) => {
    delete modules[name] // offline: the next click tries again
    throw error
  })
  const done = modules[name].then((module) => module.default(...given)).catch(reportError)
  underway = underway.then(() => done)
}

function start(element) {
  const done = started.get(element) ?? started.set(element, new Set()).get(element)
  for (const name of element.dataset.behaviour.split(" ")) {
    if (!done.has(name)) run(name, element)
    done.add(name)
  }
}

function reserve(image) {
  image.parentElement.style.backgroundColor = image.dataset.colour // the image itself is not to be seen before it came
  if (image.complete) image.dataset.loaded = ""
}

function within(root, selector) {
  return [...(root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)]
}

document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  within(elt, "[data-behaviour]").forEach(start)
  within(elt, "img[data-colour]").forEach(reserve)
})

for (const type of ["load", "error"]) {
  const mark = ({ target }) => target instanceof HTMLImageElement && (target.dataset.loaded = "")
  document.addEventListener(type, mark, { capture: true }) // neither event bubbles
}

function act(event) {
  const element = event.target.closest("[data-action]")
  if (!element || event.metaKey || event.ctrlKey || event.shiftKey) return
  if (element.dataset.needs && !document.querySelector(element.dataset.needs)) return
  event.preventDefault()
  run(element.dataset.action, element)
}

document.addEventListener("click", act)

for (const type of ["pointerover", "focusin"]) {
  document.addEventListener(type, ({ target }) => {
    const named = target.closest?.("[data-tooltip], .button--icon[aria-label]")
    if (named) run("tooltip", named)
  })
}

// What is pressed before the behaviours of the page have started is held, and given to them then, one after the other. The
// browser's own part is done at once: links, boxes and forms need no script, and none of them is pressed twice.
function hold(event) {
  if (!event.isTrusted || (event.type === "click" && !event.target.closest("button[type=button]"))) return
  event.stopImmediatePropagation()
  held.push(event)
}

async function release() {
  await underway
  for (const event of held) {
    const again = new event.constructor(event.type, event)
    if (event.type === "click") again.preventDefault() // a popover that it opened would close
    event.target.dispatchEvent(again)
    await underway // else a key that leads to another page could overtake what a click began
  }
  for (const type of PRESSES) removeEventListener(type, hold, { capture: true })
}

takeEarly().forEach(hold)
for (const type of PRESSES) addEventListener(type, hold, { capture: true })
document.addEventListener("htmx:load", release, { once: true }) // after the listener above that starts them

// Not a module of its own: what it most often has to say is that nothing can be loaded.
function toast(message, tone = "") {
  const place = document.getElementById("toasts")
  if ([...place.querySelectorAll("p")].some((said) => said.textContent === message)) return
  const item = place.querySelector("template").content.firstElementChild.cloneNode(true)
  item.dataset.tone = tone
  item.querySelector("p").textContent = message
  item.querySelector("button").onclick = () => item.remove()
  place.append(item)
  if (tone !== "danger") setTimeout(() => item.remove(), TOAST_STAYS)
}

document.addEventListener("toast", ({ detail }) => toast(detail.value ?? detail.message, detail.tone))
for (const [type, words] of [["htmx:sendError", "unreachable"], ["htmx:timeout", "unreachable"], ["htmx:responseError", "refused"]]) {
  document.addEventListener(type, ({ detail }) => {
    const quiet = detail.elt.closest("[data-quiet]") // asked by itself: the notice of the connection speaks for it
    if (!quiet) toast(document.getElementById("toasts").dataset[words], "danger")
  })
}
