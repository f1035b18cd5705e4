// A picture on a stage: fit, one to one, zoom by wheel, key and two fingers, drag; its background is remembered.
const MOST = 16 // screen pixels for one of the picture
const REMEMBERED = "stage-background"

export default function stage(element) {
  const view = element.querySelector("[data-stage-view]")
  const picture = view.querySelector("img")
  const pointers = new Map()
  let zoom = 1 // of the fitted size
  let [x, y] = [0, 0] // of the picture's centre from the view's

  const actual = () => picture.getAttribute("width") / picture.clientWidth / devicePixelRatio

  function draw() {
    const room = (shown, seen) => Math.max(0, (shown * zoom - seen) / 2)
    const [maxX, maxY] = [room(picture.clientWidth, view.clientWidth), room(picture.clientHeight, view.clientHeight)]
    x = Math.min(maxX, Math.max(-maxX, x))
    y = Math.min(maxY, Math.max(-maxY, y))
    picture.style.transform = zoom === 1 ? "" : `translate(${x}px, ${y}px) scale(${zoom})`
    view.toggleAttribute("data-zoomed", zoom > 1)
    view.toggleAttribute("data-pixels", zoom / actual() >= 3)
    element.querySelector("[data-stage-zoom]").value = `${Math.round((zoom / actual()) * 100)} %`
    press("fit", zoom === 1)
    press("actual", Math.abs(zoom - actual()) < 0.01)
  }

  function zoomTo(wanted, event) {
    const next = Math.min(Math.max(wanted, Math.min(1, actual())), Math.max(1, actual() * MOST))
    const box = view.getBoundingClientRect()
    const [px, py] = event ? [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2] : [0, 0]
    x = px - ((px - x) * next) / zoom
    y = py - ((py - y) * next) / zoom
    zoom = next
    draw()
  }

  function press(name, on) {
    element.querySelector(`[data-stage="${name}"]`).setAttribute("aria-pressed", on)
  }

  function setBackground(name) {
    element.dataset.background = name
    const choices = [...element.querySelectorAll("[data-stage-background]")]
    const chosen = choices.findIndex((choice) => choice.dataset.stageBackground === name)
    for (const [place, choice] of choices.entries()) {
      choice.setAttribute("aria-pressed", place === chosen)
      choice.dataset.key = place === (chosen + 1) % choices.length ? "b" : "" // B takes the next one
    }
  }

  const acts = {
    fit: () => zoomTo(1),
    actual: (event) => zoomTo(actual(), event),
    in: () => zoomTo(zoom * 1.25),
    out: () => zoomTo(zoom / 1.25),
  }

  element.addEventListener("click", (event) => {
    const { stage: act, stageBackground: background } = event.target.closest("button")?.dataset ?? {}
    if (act) acts[act]()
    if (background) {
      setBackground(background)
      localStorage.setItem(REMEMBERED, background)
    }
  })

  view.addEventListener("dblclick", (event) => (zoom === 1 ? acts.actual(event) : acts.fit()))
  view.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault()
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
      zoomTo(zoom * Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), event)
    },
    { passive: false },
  )

  view.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, event)
    view.setPointerCapture(event.pointerId)
  })
  view.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId)
    if (!before) return
    const other = [...pointers.values()].find((it) => it.pointerId !== event.pointerId)
    pointers.set(event.pointerId, event)
    x += (event.clientX - before.clientX) / pointers.size
    y += (event.clientY - before.clientY) / pointers.size
    if (other) zoomTo((zoom * apart(event, other)) / apart(before, other), middle(event, other))
    else draw()
  })
  for (const end of ["pointerup", "pointercancel"])
    view.addEventListener(end, (event) => pointers.delete(event.pointerId))

  new ResizeObserver(draw).observe(view)
  setBackground(localStorage.getItem(REMEMBERED) ?? element.dataset.background)
  sharpen(picture)
}

const apart = (a, b) => Math.max(1, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY))
const middle = (a, b) => ({ clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 })

// The preview is there at once; the original takes its place when it is ready to be drawn.
async function sharpen(picture) {
  const original = new Image()
  original.src = picture.dataset.original
  await original.decode().catch(() => {})
  if (!original.naturalWidth) return
  picture.removeAttribute("srcset")
  picture.src = original.src
}
