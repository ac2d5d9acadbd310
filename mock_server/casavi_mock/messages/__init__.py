"""What goes in and out over HTTP: requests, answers, problem documents."""
