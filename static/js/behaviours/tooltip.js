// Shows the name of a control that has only an icon, while it is pointed at or focused.

const GAP = 6 // pixels
let tip

function place(element) {
  const box = element.getBoundingClientRect()
  const above = box.top - tip.offsetHeight - GAP
  const middle = box.left + box.width / 2 - tip.offsetWidth / 2
  tip.style.top = `${above > GAP ? above : box.bottom + GAP}px`
  tip.style.left = `${Math.max(GAP, Math.min(middle, innerWidth - tip.offsetWidth - GAP))}px`
}

function hide() {
  if (tip?.matches(":popover-open")) tip.hidePopover()
}

export default function tooltip(element) {
  const pointed = element.matches(":hover") && matchMedia("(hover: hover)").matches // a finger presses, and hides what it would show
  if (!element.isConnected || !(pointed || element.matches(":focus-visible"))) return
  if (!tip) {
    tip = Object.assign(document.createElement("div"), { className: "tooltip", popover: "manual", ariaHidden: "true" })
    document.body.append(tip)
    document.addEventListener("keydown", hide)
    document.addEventListener("scroll", hide, { capture: true, passive: true })
  }
  element.dataset.tooltip ??= element.title || element.ariaLabel
  element.removeAttribute("title") // the browser would show a second one
  tip.textContent = element.dataset.tooltip
  hide()
  tip.showPopover()
  place(element)
  for (const type of ["pointerleave", "blur", "click"]) element.addEventListener(type, hide, { once: true })
}
