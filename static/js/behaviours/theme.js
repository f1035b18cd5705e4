// Chooses light, dark or the system's theme; the script in the head applies it, here and in the other tabs.
export default function theme({ dataset: { value } }) {
  localStorage.setItem("theme", value)
  dispatchEvent(new CustomEvent("theme", { detail: value }))
}
