// A popover that shows the large picture of the item it was opened from, and follows the focus while it is open.
export default function preview(element) {
  const picture = element.querySelector("img")

  const show = (item) => {
    const small = item.querySelector("img")
    picture.width = small.getAttribute("width")
    picture.height = small.getAttribute("height")
    picture.alt = small.alt
    picture.src = item.dataset.large
  }

  document.addEventListener("click", (event) => {
    const item = event.target.closest(`[popovertarget="${element.id}"]`)?.closest("[data-large]")
    if (item) show(item)
  })
  document.addEventListener("focusin", (event) => {
    const item = element.matches(":popover-open") && event.target.closest("[data-large]")
    if (item) show(item)
  })
  element.addEventListener("click", () => element.hidePopover())
}
