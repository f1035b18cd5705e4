// Runs before the first paint, so that a chosen theme never flashes; also says that scripts run at all.
{
  const root = document.documentElement
  const apply = (theme) => (theme === "light" || theme === "dark" ? (root.dataset.theme = theme) : delete root.dataset.theme)
  root.dataset.scripted = ""
  try {
    apply(localStorage.getItem("theme"))
  } catch {} // storage is switched off: the system decides
  addEventListener("storage", ({ key, newValue }) => key === "theme" && apply(newValue))
}
