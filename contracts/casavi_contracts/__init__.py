"""The contract of the casavi Manager API as far as it is known, and what can be tested against it."""
