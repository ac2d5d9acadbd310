"""What recorded traffic says: archives are read, replayed, and redacted; nothing in them is ever fetched."""
