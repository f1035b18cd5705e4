"""The project around the gallery app: settings, addresses, server entry."""
