"""Measure how fast this machine is, and how much of its speed the networks use."""
