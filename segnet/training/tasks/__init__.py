"""The tasks of training. The loop knows only the protocol :class:`~.task.Task`."""
