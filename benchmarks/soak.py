"""Sets the mock under fire for some minutes, and judges what is left of it.

make soak                                # 64 connections for three minutes, and a minute more for its end
make soak ARGS="--seconds 20"            # a look
make soak ARGS="--seed 7"                # the same choices as another run with this seed
"""

from casavi_soak.cli import main

if __name__ == "__main__":
    main()
