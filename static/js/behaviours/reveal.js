// Opens the <dialog> that this content has arrived in, and closes it when the form in it was answered.
export default function reveal(element) {
  const dialog = element.closest("dialog")
  if (!dialog) return
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close() // a value would be an answer: false forbids what a click on a button does
  }
  element.addEventListener("htmx:afterRequest", () => dialog.close())
  if (!dialog.open) dialog.showModal()
}
