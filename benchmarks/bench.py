"""Measures the mock beside its peers, and shows what was found.

make bench                              # everything, about a quarter of an hour
make bench ARGS="--quick"               # a look, in about two minutes
make bench ARGS="--million --publish"   # with a million contacts; results, page and plot go into the repository
"""

from casavi_bench.cli import main

if __name__ == "__main__":
    main()
