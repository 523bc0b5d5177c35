"""From pictures to classes, whatever the runtime."""
