// Prints the page.
export default function print() {
  window.print()
}
