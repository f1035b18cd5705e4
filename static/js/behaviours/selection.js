// Chooses rows by their boxes: Shift takes all from the last one on, [data-choose=all] all that are shown, Escape none.
// Says how many in [data-number], and frees each [data-fits] that a chosen row fits.
export default function selection(element) {
  const boxes = () => [...element.querySelectorAll("tbody input[type=checkbox]")]
  let last

  function show() {
    const all = boxes()
    const chosen = all.filter((box) => box.checked)
    const head = element.querySelector("thead [data-choose]")
    head.checked = all.length > 0 && chosen.length === all.length
    head.indeterminate = chosen.length > 0 && !head.checked
    element.querySelector("[data-number]").textContent = chosen.length
    for (const button of element.querySelectorAll("[data-fits]")) {
      button.disabled = !chosen.some((box) => box.closest("[data-walk]").matches(button.dataset.fits))
    }
  }

  function choose(some, checked) {
    for (const box of some) box.checked = checked
    show()
  }

  element.addEventListener("click", ({ target, shiftKey }) => {
    const all = boxes()
    if (target.closest("[data-choose]")) return choose(all, target.checked ?? true)
    const place = all.indexOf(target)
    if (place < 0) return
    const from = shiftKey ? all.indexOf(last) : -1
    if (from >= 0) choose(all.slice(Math.min(from, place), Math.max(from, place) + 1), target.checked)
    last = target
  })
  element.addEventListener("mousedown", (event) => {
    if (event.shiftKey && event.target.closest("label")) event.preventDefault() // would mark the words between
  })
  element.addEventListener("change", show)
  element.addEventListener("htmx:load", show)
  element.addEventListener("reset", () => setTimeout(show))
  document.addEventListener("deselect", () => choose(boxes(), false))
  document.addEventListener("keydown", (event) => {
    const free = element.isConnected && !document.querySelector("dialog[open], :popover-open")
    if (event.key === "Escape" && free) choose(boxes(), false)
  })
  if (element.querySelector("thead [data-choose]").checked) choose(boxes(), true) // since before this was loaded
  else show()
}
