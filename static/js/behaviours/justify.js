// Lays pictures out in full rows of about one height, from the width and height attributes of their <img>.
// A group under a heading that would not fill a row goes on with the next group, whose heading gives way.
const GAP = 4 // px, as in the stylesheet
const TOO_SHORT = 0.75 // rows
const REBALANCED = 3 // last rows of a group that share what is left; those above stay put when more arrives

export default function justify(element) {
  let width = 0

  const layOut = () => {
    const target = Math.min(280, Math.max(165, width / 4.2))
    const perRow = width / target
    const groups = grouped(element, perRow)
    for (const group of groups) {
      const open = group === groups.at(-1)
      const rows = rowsOf(group.tiles, perRow, open)
      for (const row of rows) place(row, width, open && row === rows.at(-1) ? target : Infinity)
    }
    element.dataset.justified = ""
  }

  new MutationObserver(layOut).observe(element, { childList: true })
  new ResizeObserver(() => {
    if (element.clientWidth === width) return
    width = element.clientWidth
    layOut()
  }).observe(element)
}

function grouped(element, perRow) {
  const groups = []
  for (const child of element.children) {
    const picture = child.querySelector(":scope > a > img")
    const last = groups.at(-1)
    if (picture) {
      const tile = { child, aspect: picture.getAttribute("width") / picture.getAttribute("height") }
      if (last) last.tiles.push(tile)
      else groups.push({ tiles: [tile] })
    } else if (child.matches("h2")) {
      delete child.dataset.until
      const joins = last && sum(last.tiles) < perRow * TOO_SHORT
      child.toggleAttribute("data-merged", Boolean(joins))
      if (!joins) groups.push({ heading: child, tiles: [] })
      else if (last.heading) last.heading.dataset.until = child.textContent.trim()
    }
  }
  return groups
}

// Rows from the top as they fill; in a group that is complete, the last ones are made equal.
function rowsOf(tiles, perRow, open) {
  const rows = divide(tiles, perRow, Math.ceil(sum(tiles) / perRow))
  if (open) return rows
  const rest = rows.splice(-REBALANCED).flat()
  const count = Math.max(1, Math.round(sum(rest) / perRow))
  return [...rows, ...divide(rest, sum(rest) / count, count)]
}

// Cuts where the running sum of aspects comes nearest to a multiple of what a row holds.
function divide(tiles, perRow, count) {
  const rows = Array.from({ length: count }, () => [])
  let reached = 0
  for (const tile of tiles) {
    const middle = reached + tile.aspect / 2
    rows[Math.min(count - 1, Math.floor(middle / perRow))].push(tile)
    reached += tile.aspect
  }
  return rows.filter((row) => row.length)
}

function place(row, width, highest) {
  let room = width - GAP * (row.length - 1)
  const height = Math.min(room / sum(row), highest * 1.35 < room / sum(row) ? highest : Infinity)
  for (const { child, aspect } of row) {
    const share = Math.min(Math.floor(aspect * height * 100) / 100, room) // rounded down: a row must never wrap
    child.style.inlineSize = `${share}px`
    child.style.blockSize = `${height}px`
    room -= share
  }
}

function sum(tiles) {
  return tiles.reduce((total, tile) => total + tile.aspect, 0)
}
