// Puts a text into a field: <button data-action="fill" data-into="#id" data-text="…">.
export default function fill(element) {
  const field = document.querySelector(element.dataset.into)
  field.value = element.dataset.text
  field.dispatchEvent(new Event("input", { bubbles: true }))
  field.focus()
}
