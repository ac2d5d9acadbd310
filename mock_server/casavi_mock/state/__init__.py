"""Keeps the whole server in a file, from one run to the next: what is answered is on the disk before."""
