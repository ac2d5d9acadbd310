"""casavi's HTTP: routes, operations, answers, and faults at the edge."""
