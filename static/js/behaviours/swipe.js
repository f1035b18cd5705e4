// Turns a sideways swipe by one finger into a click on the previous or next link inside; not where something is zoomed.
const FAR = 60 // pixels

export default function swipe(element) {
  let start

  element.addEventListener("touchstart", (event) => {
    const alone = event.touches.length === 1 && !event.target.closest("[data-zoomed]")
    start = alone ? event.touches[0] : undefined
  }, { passive: true })

  element.addEventListener("touchend", (event) => {
    const end = event.changedTouches[0]
    if (!start || event.touches.length) return
    const [across, down] = [end.clientX - start.clientX, end.clientY - start.clientY]
    if (Math.abs(across) < FAR || Math.abs(across) < Math.abs(down) * 2) return
    const onwards = across < 0 === (document.dir !== "rtl")
    element.querySelector(onwards ? "[rel=next]" : "[rel=prev]")?.click()
  })
}
