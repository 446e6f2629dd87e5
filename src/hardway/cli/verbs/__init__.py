"""The verbs, a few a file. Each is a thin page: options in, one operation, its value printed."""
