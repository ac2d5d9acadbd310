"""Where the mock runs: a server in this process, an application without a socket, or what runs at an address."""
