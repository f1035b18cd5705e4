// Opens the <dialog> that this content has arrived in, and closes it when the form in it was answered.
export default function reveal(element) {
  const dialog = element.closest("dialog")
  if (!dialog) return
  dialog.onclick = (event) => event.target === dialog && dialog.close()
  element.addEventListener("htmx:afterRequest", () => dialog.close())
  if (!dialog.open) dialog.showModal()
}
