"""What is written down about exchanges, and how it is shown."""
