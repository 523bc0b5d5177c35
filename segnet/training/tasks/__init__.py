"""What a network can be trained to do; the loop knows only the protocol :class:`~.task.Task`."""
