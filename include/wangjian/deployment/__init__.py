"""Run the whole system on one machine or in containers."""
