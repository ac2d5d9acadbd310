"""One function for each use case: takes an account and a command, returns a result. No HTTP in here."""
