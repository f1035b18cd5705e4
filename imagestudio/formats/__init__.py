"""How dates are written, by language; Django's own words for English would be American."""
