// The switch between light, dark and the system's theme.

const current = () => document.documentElement.dataset.theme ?? "system"

function show() {
  for (const button of document.querySelectorAll("[data-action=theme]")) {
    button.setAttribute("aria-pressed", button.dataset.value === current())
  }
}

export default function theme(element) {
  if (element.dataset.action === "theme") {
    const { value } = element.dataset
    if (value === "system") delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = value
    localStorage.setItem("theme", value)
  }
  show()
}
