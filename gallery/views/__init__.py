"""One module a page: fetch, decide, render. Every object comes from access.py."""
