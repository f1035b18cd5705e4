// Chooses a value of the field that a group of buttons stands for.
export default function choose(element) {
  const field = document.getElementById(element.dataset.field)
  for (const other of element.parentElement.children) other.setAttribute("aria-pressed", other === element)
  field.value = element.dataset.value
  field.dispatchEvent(new Event("change", { bubbles: true }))
}
