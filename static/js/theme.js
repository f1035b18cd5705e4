// Runs before the first paint, so that a chosen theme never flashes; also says that scripts run at all, and keeps what
// is pressed before they do.
{
  const root = document.documentElement
  root.dataset.scripted = ""

  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme
    else delete root.dataset.theme
    for (const button of document.querySelectorAll("[data-action=theme]")) {
      button.setAttribute("aria-pressed", button.dataset.value === (root.dataset.theme ?? "system"))
    }
  }

  const chosen = () => {
    try {
      return localStorage.getItem("theme")
    } catch {
      return null // storage is switched off: the system decides
    }
  }

  apply(chosen())
  document.addEventListener("DOMContentLoaded", () => apply(chosen()))
  addEventListener("theme", ({ detail }) => apply(detail))
  addEventListener("storage", ({ key, newValue }) => key === "theme" && apply(newValue))

  const early = []
  const keep = (event) => early.push(event)
  for (const type of ["click", "keydown"]) document.addEventListener(type, keep)
  window.takeEarly = () => {
    for (const type of ["click", "keydown"]) document.removeEventListener(type, keep)
    return early
  }
}
