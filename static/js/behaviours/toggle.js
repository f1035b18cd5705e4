// Opens or closes what aria-controls names, by data-open on it.
export default function toggle(element) {
  const target = document.getElementById(element.getAttribute("aria-controls"))
  const open = target.toggleAttribute("data-open")
  element.setAttribute("aria-expanded", open)
}
