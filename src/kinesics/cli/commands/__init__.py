"""One file per command, each with ``add_arguments(parser)`` and ``run(args)``; ``cli.main`` imports only the one it runs."""
