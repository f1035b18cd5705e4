"""A small local Ofox over HTTP: speaks both protocols as strictly as the real one and draws pictures."""
