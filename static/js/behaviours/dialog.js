// Opens a <dialog>; its own buttons close it. A click beside it closes it too.
export default function dialog(element) {
  const target = document.getElementById(element.dataset.dialog)
  const keys = target.querySelector("[data-keys-switch]")
  if (keys) {
    keys.checked = localStorage.getItem("keys") !== "off"
    keys.onchange = () => localStorage.setItem("keys", keys.checked ? "on" : "off")
  }
  target.onclick = (event) => {
    if (event.target === target) target.close() // a value would be an answer: false forbids what a click on a button does
  }
  document.querySelector(":popover-open")?.hidePopover()
  target.showModal()
}
