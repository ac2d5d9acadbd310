"""Measures the mock beside its peers, and shows what was found.

make bench                   # three rounds beside all peers, some five minutes
make bench ARGS=--publish    # results, page and picture go into the repository
"""

from casavi_bench.cli import main

if __name__ == "__main__":
    main()
