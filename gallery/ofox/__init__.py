"""Everything that knows how Ofox speaks; imports neither Django nor any other part of the gallery."""
