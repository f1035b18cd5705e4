// A sentence at the edge of the page; it goes by itself, unless something went wrong.

const STAYS = 5000 // milliseconds

export default function toast(message, tone = "") {
  const place = document.getElementById("toasts")
  if ([...place.children].some((other) => other.dataset.message === message)) return
  const item = place.querySelector("template").content.firstElementChild.cloneNode(true)
  item.querySelector("p").textContent = message
  item.dataset.message = message
  item.dataset.tone = tone
  item.querySelector("button").onclick = () => item.remove()
  place.append(item)
  if (tone !== "danger") setTimeout(() => item.remove(), STAYS)
}
