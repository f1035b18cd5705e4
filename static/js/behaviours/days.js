// Keeps only the first heading of a day, however many pages arrive.
export default function days(element) {
  const prune = () => {
    const seen = new Set()
    for (const heading of element.querySelectorAll("[data-day]")) {
      if (seen.has(heading.dataset.day)) heading.remove()
      seen.add(heading.dataset.day)
    }
  }
  new MutationObserver(prune).observe(element, { childList: true })
  prune()
}
