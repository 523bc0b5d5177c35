"""The commands: each module gives ``add_arguments(parser)`` and ``run(args)``."""
