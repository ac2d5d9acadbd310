"""From bytes to checked JSON."""
