"""What a user has of the vendor: documents and recorded traffic, read as evidence, replayed and redacted.

Nothing that is read is ever fetched.
"""
