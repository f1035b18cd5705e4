// Counts seconds since (or until) a moment, by the server's clock, and moves the progress beside it.
// When a countdown is over, the card is asked for anew.

const ANSWER = 1500 // milliseconds after the moment, when it is known what came of it

function minutes(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}

export default function clock(element) {
  const { since, until, now } = element.dataset // seconds of the epoch; now is when the server wrote the page
  const ahead = Date.now() / 1000 - now
  const card = element.closest("[data-generation]")
  const progress = card?.querySelector("progress")

  function tick() {
    const server = Date.now() / 1000 - ahead
    const seconds = Math.max(0, Math.floor(until ? until - server : server - since))
    element.textContent = until && seconds < 100 ? `${seconds} s` : minutes(seconds)
    if (progress && !until) progress.value = Math.min(seconds, progress.max * 0.97) // never full before it is done
  }

  tick()
  if (Number(until) > now) setTimeout(() => card?.isConnected && htmx.trigger(card, "changed"), (until - now) * 1000 + ANSWER)
  const timer = setInterval(() => (element.isConnected ? tick() : clearInterval(timer)), 1000)
}
