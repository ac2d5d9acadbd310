"""HTTP of the kit: the client, what it talks to, what was said, and what keeps a run within its bounds."""
